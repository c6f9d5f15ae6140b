#include "advisor/compare/subjects.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"

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
  EXPECT_EQ(TechnologyCalledAs(*FindSubject("service mesh"))->id, "service_mesh_technology");
  EXPECT_FALSE(TechnologyCalledAs(*FindSubject("webassembly")).has_value());
  for (const char* name : {"runc", "Kata", "eBPF", "containerd", "Firecracker", "Kuasar", "Quark",
                           "crun", "runwasi"}) {
    const auto subject = FindSubject(name);
    ASSERT_TRUE(subject) << subject.error().message;
    EXPECT_EQ(subject->kind, Subject::Kind::kTechnology) << name;
  }
}

TEST(SubjectsTest, UnknownOnesAreRefusedWithTheNearest) {
  EXPECT_THAT(FindSubject("Dokcer").error().message, testing::HasSubstr("did you mean 'docker'"));
}

// Whatever a fact names as a concept has a label in both languages.
TEST(SubjectsTest, EveryConceptThatIsNamedHasALabel) {
  std::set<std::string> named;
  const Json& matrices = Facts(FactFile::kMatrices);
  for (const Json& row : matrices.at("relations").at("hierarchy").at("bottom_to_top")) {
    named.insert(row.at("concept"));
  }
  for (const Json& domain : matrices.at("domains")) {
    for (const Json& each : domain.at("stack")) named.insert(each.at("concept"));
  }
  for (const Json& study : matrices.at("case_studies")) {
    for (const Json& each : study.at("selection")) named.insert(each.at("concept"));
  }
  EXPECT_TRUE(named.contains("lightweight_containers"));
  for (const std::string& id : named) {
    EXPECT_NE(ConceptLabel(id).zh, "") << id;
    EXPECT_EQ(ConceptLabel(id).en.find('_'), std::string::npos) << id;
  }
  EXPECT_EQ(ConceptLabel("Kubernetes"), (Text{"Kubernetes", ""})) << "what is none, as it is";
}

TEST(SubjectsTest, WhatPeopleCallThemIsFound) {
  const auto id = [](const char* name) {
    const auto found = FindSubject(name);
    return found ? found->id : found.error().message;
  };
  EXPECT_EQ(id("K8s"), "kubernetes");
  EXPECT_EQ(id("Kata Containers"), "kata");
  EXPECT_EQ(id("vm"), "virtualization");
  EXPECT_EQ(id("虚拟机"), "virtualization");
  EXPECT_EQ(id("虚拟化"), "virtualization");
  EXPECT_EQ(id("沙盒"), "sandboxing");
  EXPECT_EQ(id("容器"), "containerization");
}

}  // namespace
}  // namespace strata::advisor
