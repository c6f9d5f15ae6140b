#include "model/revision.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Resource Function() {
  Resource resource;
  resource.metadata.name = "f";
  FunctionSpec spec;
  spec.workload.artifact = "/f.wasm";
  spec.workload.env = {{"A", "1"}};
  spec.triggers = {{"*", "/a", {}}};
  resource.spec = spec;
  return resource;
}

std::vector<std::string> Lines(const std::vector<FieldChange>& changes) {
  std::vector<std::string> lines;
  for (const FieldChange& change : changes) {
    lines.push_back(change.path + " " + DumpJson(change.before) + " " + DumpJson(change.after));
  }
  return lines;
}

TEST(RevisionTest, TheHashIsOfWhatRuns) {
  const Workload workload = *Function().workload();
  EXPECT_THAT(WorkloadHash(workload), SizeIs(64));
  EXPECT_EQ(WorkloadHash(workload), WorkloadHash(*Function().workload()));
  Workload changed = workload;
  changed.limits.host_calls += 1;
  EXPECT_NE(WorkloadHash(changed), WorkloadHash(workload));
}

TEST(RevisionTest, TheHashCoversVariants) {
  Workload workload = *Function().workload();
  workload.artifact.clear();
  workload.variants = {{"/f.wasm"}, {"oci:/f"}};
  const std::string before = WorkloadHash(workload);
  workload.variants[1].artifact = "oci:/g";
  EXPECT_NE(WorkloadHash(workload), before);
}

TEST(RevisionTest, VariantsSurviveJson) {
  const std::vector<ResolvedVariant> variants = {{VariantKind::kWasm, "sha256:00"},
                                                 {VariantKind::kImage, "sha256:11"}};
  EXPECT_EQ(VariantsFromJson(VariantsToJson(variants)), variants);
  for (const char* wrong : {R"([{"kind": "tar", "digest": ""}])", R"([{"kind": "wasm"}])", "[7]"}) {
    EXPECT_FALSE(VariantsFromJson(*ParseJson(wrong))) << wrong;
  }
}

TEST(RevisionTest, EqualResourcesDoNotDiffer) {
  const Resource before = Function();
  EXPECT_THAT(Diff(&before, Function()), IsEmpty());
}

TEST(RevisionTest, ListsAddedRemovedAndChangedFields) {
  const Resource before = Function();
  Resource after = before;
  auto& spec = std::get<FunctionSpec>(after.spec);
  spec.workload.env = {{"B", "2"}};
  spec.workload.limits.memory = Bytes::MiB(8);
  EXPECT_THAT(
      Lines(Diff(&before, after)),
      ElementsAre("spec.env.A \"1\" null", "spec.env.B null \"2\"", "spec.limits.memory_mib 64 8"));
}

TEST(RevisionTest, EverythingOfANewResourceIsAdded) {
  for (const FieldChange& change : Diff(nullptr, Function())) {
    EXPECT_EQ(change.type, FieldChange::Type::kAdded) << change.path;
  }
}

TEST(RevisionTest, IsNamedByTenantNameAndNumber) {
  Revision revision;
  revision.tenant = "shop";
  revision.name = "f";
  revision.number = 3;
  EXPECT_EQ(revision.ToString(), "shop/f@3");
}

}  // namespace
}  // namespace strata::model
