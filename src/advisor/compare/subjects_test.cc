#include "advisor/compare/subjects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

TEST(SubjectsTest, ClassesBelongToTheConceptsOfTheirTier) {
  const auto concept_of = [](const char* name) { return FindSubject(name)->concept_id; };
  EXPECT_EQ(concept_of("wasm"), "webassembly");
  EXPECT_EQ(concept_of("container"), "containerization");
  EXPECT_EQ(concept_of("appkernel"), "sandboxing");
  EXPECT_EQ(concept_of("microvm"), "sandboxing");
  EXPECT_EQ(concept_of("container-in-microvm"), "sandboxing");
}

TEST(SubjectsTest, AConceptHasTheClassesThatImplementIt) {
  EXPECT_EQ(FindSubject("sandboxing")->classes.size(), 3U);
  EXPECT_EQ(FindSubject("WebAssembly")->classes, std::vector{model::Class::kWasm});
  EXPECT_TRUE(FindSubject("服务网格")->classes.empty());
}

TEST(SubjectsTest, TechnologiesAreFoundByTheirNames) {
  for (const char* name :
       {"Docker", "K3s", "WasmEdge", "OPA", "OPA-Wasm", "gVisor", "Consul Connect"}) {
    const auto subject = FindSubject(name);
    ASSERT_TRUE(subject) << name;
    EXPECT_EQ(subject->kind, Subject::Kind::kTechnology) << name;
  }
  EXPECT_EQ(FindSubject("service mesh")->kind, Subject::Kind::kConcept);
}

TEST(SubjectsTest, UnknownOnesAreRefusedWithTheNearest) {
  EXPECT_THAT(FindSubject("Dokcer").error().message, testing::HasSubstr("did you mean 'docker'"));
}

}  // namespace
}  // namespace strata::advisor
