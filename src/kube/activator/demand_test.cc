#include "kube/activator/demand.h"

#include <chrono>

#include <gtest/gtest.h>

#include "kube/activator/meter.h"

namespace strata::kube::activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

DemandReport Example() {
  return {.instance = "a",
          .at = seconds(5),
          .wanted = 3,
          .workloads = {{.uid = "u", .running = 2, .waiting = 1, .busy = seconds(9), .idle = {}},
                        {.uid = "v", .idle = milliseconds(1500)}}};
}

TEST(DemandTest, WhatWasWrittenIsRead) {
  const auto read = DemandFromJson(DemandToJson(Example()));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, Example());
}

TEST(DemandTest, WhatIsNoReportIsRefused) {
  const Json good = DemandToJson(Example());
  for (const char* field : {"instance", "at_us", "wanted", "workloads"}) {
    for (const Json& bad : {Json(), Json(-1), Json(1.5), Json::object()}) {
      Json wrong = good;
      wrong[field] = bad;
      EXPECT_FALSE(DemandFromJson(wrong).has_value()) << wrong;
    }
    Json wrong = good;
    wrong.erase(field);
    EXPECT_FALSE(DemandFromJson(wrong).has_value()) << wrong;
  }
  for (const char* field : {"uid", "running", "waiting", "busy_us", "idle_us"}) {
    for (const Json& bad : {Json(), Json(-1), Json(18446744073709551615U)}) {
      Json wrong = good;
      wrong["workloads"][1][field] = bad;
      EXPECT_FALSE(DemandFromJson(wrong).has_value()) << wrong;
    }
  }
  for (const Json& wrong : {Json(), Json::array(), Json("a"), Json(7)}) {
    EXPECT_FALSE(DemandFromJson(wrong).has_value()) << wrong;
  }
}

TEST(MeterTest, RequestsAreCountedForAsLongAsTheyTake) {
  const TimePoint begin{seconds(100)};
  Meter meter(begin);
  EXPECT_EQ(meter.idle(begin + seconds(3)), seconds(3));
  meter.Begin(begin + seconds(4));
  meter.Begin(begin + seconds(5));
  EXPECT_EQ(meter.running(), 2U);
  EXPECT_EQ(meter.idle(begin + seconds(6)), Duration::zero());
  EXPECT_EQ(meter.busy(begin + seconds(6)), seconds(3));
  meter.End(begin + seconds(7));
  meter.End(begin + seconds(8));
  EXPECT_EQ(meter.busy(begin + seconds(20)), seconds(6));
  EXPECT_EQ(meter.idle(begin + seconds(20)), seconds(12));
}

}  // namespace
}  // namespace strata::kube::activator
