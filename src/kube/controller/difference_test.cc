#include "kube/controller/difference.h"

#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

Json Wanted() {
  return Json::parse(R"({
    "metadata": {"name": "web", "labels": {"a": "b"}},
    "spec": {"replicas": 2, "containers": [
      {"name": "main", "command": ["sh", "-c"], "env": [{"name": "A", "value": "1"}, {"name": "B"}]}]}})");
}

// As an API server gives it back: with defaults, and with what others added.
Json Kept() {
  Json kept = Marked(Wanted());
  kept["metadata"]["uid"] = "uid-1";
  kept["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
  kept["spec"]["containers"][0]["imagePullPolicy"] = "Always";
  kept["spec"]["containers"].insert(kept["spec"]["containers"].begin(), Json{{"name", "sidecar"}});
  kept["status"] = {{"replicas", 2}};
  return kept;
}

TEST(DifferenceTest, WhatWasAddedIsNoDifference) {
  EXPECT_TRUE(IsAsMarked(Kept(), Marked(Wanted())));
}

TEST(DifferenceTest, WhatIsWantedNoMoreIsOne) {
  Json less = Wanted();
  less["spec"]["containers"][0]["env"].erase(1);
  EXPECT_FALSE(IsAsMarked(Kept(), Marked(less)));
}

struct Change {
  const char* label;
  const char* where;  // in what is kept
  const char* value;  // null: it is gone
};
class ChangeTest : public ::testing::TestWithParam<Change> {};

TEST_P(ChangeTest, OfAFieldOfOursIsADifference) {
  Json kept = Kept();
  const Json::json_pointer where(GetParam().where);
  if (GetParam().value != nullptr) {
    kept[where] = Json::parse(GetParam().value);
  } else {
    kept[where.parent_pointer()].erase(where.back());
  }
  EXPECT_FALSE(IsAsMarked(kept, Marked(Wanted())));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ChangeTest,
    ::testing::Values(Change{"Value", "/spec/replicas", "3"},
                      Change{"Missing", "/spec/replicas", nullptr},
                      Change{"OtherType", "/metadata/labels", "[]"},
                      Change{"Label", "/metadata/labels/a", "\"c\""},
                      Change{"OrderOfValues", "/spec/containers/1/command", R"(["-c", "sh"])"},
                      Change{"MoreValues", "/spec/containers/1/command", R"(["sh", "-c", "id"])"},
                      Change{"InAList", "/spec/containers/1/env/0/value", "\"2\""},
                      Change{"NoList", "/spec/containers", "{}"},
                      Change{"Mark", "/metadata/annotations/strata.dev~1desired", nullptr}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::kube::controller
