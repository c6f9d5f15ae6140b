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
  EXPECT_EQ(DifferencesOf(Kept(), Marked(Wanted())), Differences());
}

TEST(DifferenceTest, WhatIsWantedNoMoreIsOne) {
  Json less = Wanted();
  less["spec"]["containers"][0]["env"].erase(1);
  EXPECT_EQ(DifferencesOf(Kept(), Marked(less)).size(), 1U) << "the mark";
  EXPECT_NE(DigestOf(Marked(less)), DigestOf(Marked(Wanted())));
}

struct Change {
  const char* label;
  const char* where;  // in what is kept
  const char* value;  // null: it is gone
  const char* field;
};
class ChangeTest : public ::testing::TestWithParam<Change> {};

TEST_P(ChangeTest, OfAFieldOfOursIsADifferenceThere) {
  Json kept = Kept();
  const Json::json_pointer where(GetParam().where);
  if (GetParam().value != nullptr) {
    kept[where] = Json::parse(GetParam().value);
  } else {
    kept[where.parent_pointer()].erase(where.back());
  }
  const Json there = GetParam().value != nullptr ? kept[where] : Json();
  EXPECT_EQ(DifferencesOf(kept, Marked(Wanted())), (Differences{{GetParam().field, there}}));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ChangeTest,
    ::testing::Values(Change{"Value", "/spec/replicas", "3", "spec.replicas"},
                      Change{"Missing", "/spec/replicas", nullptr, "spec.replicas"},
                      Change{"OtherType", "/metadata/labels", "[]", "metadata.labels"},
                      Change{"Label", "/metadata/labels/a", "\"c\"", "metadata.labels.a"},
                      Change{"OrderOfValues", "/spec/containers/1/command", R"(["-c", "sh"])",
                             "spec.containers[main].command"},
                      Change{"MoreValues", "/spec/containers/1/command", R"(["sh", "-c", "id"])",
                             "spec.containers[main].command"},
                      Change{"InAList", "/spec/containers/1/env/0/value", "\"2\"",
                             "spec.containers[main].env[A].value"},
                      Change{"OneOfAList", "/spec/containers/1/env",
                             R"([{"name": "A", "value": "1"}])", "spec.containers[main].env"},
                      Change{"NoList", "/spec/containers", "{}", "spec.containers"},
                      Change{"Mark", "/metadata/annotations/strata.dev~1desired", nullptr,
                             "metadata.annotations.strata.dev/desired"}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::kube::controller
