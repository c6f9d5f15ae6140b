#include "kube/activator/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::kube::activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

Json Service(const Json& port) {
  return {{"apiVersion", "strata.dev/v1alpha1"},
          {"kind", "Service"},
          {"metadata", {{"name", "web"}, {"namespace", "shop"}, {"uid", "uid-1"}}},
          {"spec",
           {{"artifact", "oci://registry.example/web:1"},
            {"limits", {{"timeout_ms", 500}}},
            {"scale", {{"min", 0}, {"max", 2}, {"concurrency", 3}}}}},
          {"status", {{"activator", {{"port", port}}}}}};
}

TEST(WorkloadTest, AServiceThatFollowsItsLoadIsServedAtItsPort) {
  const auto workload = ReadWorkload(Service(20'001));
  ASSERT_TRUE(workload.has_value());
  EXPECT_EQ(workload->uid, "uid-1");
  EXPECT_EQ(workload->port, 20'001);
  EXPECT_EQ(workload->limits.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(workload->most_waiting, 60U);
}

TEST(WorkloadTest, WhatHasNoPortOfOursIsNotServed) {
  for (const Json& port : {Json(), Json("20001"), Json(80), Json(-1), Json(30'000), Json(85'537)}) {
    EXPECT_FALSE(ReadWorkload(Service(port)).has_value()) << port;
  }
  Json goes = Service(20'001);
  goes["metadata"]["deletionTimestamp"] = "2026-11-28T00:00:00Z";
  EXPECT_FALSE(ReadWorkload(goes).has_value());
}

TEST(WorkloadTest, WhatHasAPortIsServedUntilItHasNone) {
  const auto before = ReadWorkload(Service(20'001));
  Json fixed = Service(20'001);
  fixed["spec"]["scale"] = {{"min", 2}, {"max", 2}};
  const auto still = ReadWorkload(fixed, before);
  ASSERT_TRUE(still.has_value());
  EXPECT_EQ(still->limits, before->limits);
  Json unread = Service(20'001);
  unread["spec"]["unknown"] = 1;
  EXPECT_EQ(ReadWorkload(unread, before), before);
  EXPECT_TRUE(ReadWorkload(unread).has_value());
  unread["metadata"]["uid"] = "uid-2";
  EXPECT_EQ(ReadWorkload(unread, before)->limits, model::Limits{}) << "it is another one";
}

TEST(WorkloadTest, APortThatTwoClaimIsServedForNeither) {
  Workloads workloads;
  workloads.Set("shop/web", ReadWorkload(Service(20'001)));
  workloads.Set("shop/other", ReadWorkload(Service(20'002)));
  workloads.Set("thief/web", ReadWorkload(Service(20'001)));
  EXPECT_THAT(workloads.Served(), ElementsAre(Key("shop/other")));
  workloads.Set("thief/web", {});
  EXPECT_THAT(workloads.Served(), ElementsAre(Key("shop/other"), Key("shop/web")));
}

Json Slice() {
  return Json::parse(R"({
    "metadata": {"namespace": "shop", "name": "web-pods-x1",
                 "labels": {"kubernetes.io/service-name": "web-pods"}},
    "ports": [{"name": "other", "port": 1}, {"name": "main", "port": 8080}],
    "endpoints": [
      {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
      {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": true, "terminating": true}},
      {"addresses": ["10.0.0.3"]},
      {"addresses": []}]})");
}

TEST(WorkloadTest, PodsThatAreReadyAreFoundByTheirSlices) {
  EXPECT_EQ(PodsOf(Slice()), "shop/web");
  const auto pods = ReadyPods(Slice());
  ASSERT_EQ(pods.size(), 2U);
  EXPECT_EQ(http::ToString(pods[0]), "10.0.0.1:8080");
  EXPECT_EQ(http::ToString(pods[1]), "10.0.0.3:8080");
}

TEST(WorkloadTest, ASliceWithoutThePortOrOfAnotherServiceHasNone) {
  Json slice = Slice();
  slice["ports"] = Json::array();
  EXPECT_THAT(ReadyPods(slice), IsEmpty());
  slice["ports"] = nullptr;
  slice["endpoints"] = nullptr;
  EXPECT_THAT(ReadyPods(slice), IsEmpty());
  slice["metadata"]["labels"]["kubernetes.io/service-name"] = "web";
  EXPECT_EQ(PodsOf(slice), "");
  slice["metadata"].erase("labels");
  EXPECT_EQ(PodsOf(slice), "");
}

}  // namespace
}  // namespace strata::kube::activator
