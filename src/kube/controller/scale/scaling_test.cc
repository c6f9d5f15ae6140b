#include "kube/controller/scale/scaling.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "kube/activation.h"
#include "kube/controller/scale/ports.h"

namespace strata::kube::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kUid = "uid-1";

// A Service of {min: 0, max: 3, concurrency: 10, keep_alive: 10s}, and activators that say every
// second how busy they are.
class ScalingTest : public ::testing::Test {
 protected:
  ScalingTest() { scaling_.SetActivators({"a"}, now_); }

  static model::Scale ScaleOf(std::uint32_t min, std::uint32_t max) {
    return {.min = min, .max = max, .concurrency = 10, .keep_alive = milliseconds(10'000)};
  }
  void See(bool applied, std::optional<std::uint32_t> running, std::uint32_t min = 0,
           std::uint32_t max = 3) {
    scaling_.See({.uid = kUid, .scale = ScaleOf(min, max), .applied = applied, .running = running},
                 now_);
  }

  // For a second `requests` were at once at `from`; so many of them wait.
  void Pass(std::uint32_t requests, std::uint32_t waiting = 0, const std::string& from = "a",
            const std::string& instance = "i") {
    now_ += seconds(1);
    Said& said = said_[from + instance];
    said.at += seconds(1);
    said.busy += seconds(requests);
    said.idle = requests == 0 ? said.idle + seconds(1) : Duration::zero();
    scaling_.Hear(from,
                  {.instance = instance,
                   .at = said.at,
                   .wanted = 0,
                   .workloads = {{.uid = kUid,
                                  .running = requests,
                                  .waiting = waiting,
                                  .busy = said.busy,
                                  .idle = said.idle}}},
                  now_);
  }
  std::uint32_t Decide(std::uint32_t ready) { return scaling_.Decide(kUid, ready, now_).replicas; }

  // Decides every second, with `requests` at once, so many times; the last decision.
  std::uint32_t Run(int times, std::uint32_t requests, std::uint32_t ready) {
    std::uint32_t replicas = Decide(ready);
    for (int i = 0; i < times; ++i) {
      Pass(requests);
      replicas = Decide(ready);
    }
    return replicas;
  }

  struct Said {
    Duration at{};
    Duration busy{};
    Duration idle{};
  };
  std::map<std::string, Said> said_;
  TimePoint now_{seconds(1'000)};
  Scaling scaling_;
};

TEST_F(ScalingTest, OneThatIsNewShowsThatItComesUpAndIsKeptForItsTime) {
  See(true, {});
  EXPECT_EQ(scaling_.decided(kUid)->replicas, 1U);
  EXPECT_EQ(Run(60, 0, 0), 1U) << "it has not come up yet";
  EXPECT_EQ(Run(8, 0, 1), 1U);
  EXPECT_EQ(Run(5, 0, 1), 0U) << "it is idle for longer than its keep_alive";
}

TEST_F(ScalingTest, OneAtZeroStaysThereWhenAnotherOperatorBegins) {
  See(false, 0);
  EXPECT_EQ(Run(3, 0, 0), 0U);
}

TEST_F(ScalingTest, TheReasonStaysWhileTheNumberDoes) {
  See(false, 1);
  ASSERT_EQ(Run(90, 0, 1), 0U);
  const std::string why = scaling_.decided(kUid)->why;
  EXPECT_FALSE(why.empty());
  EXPECT_EQ(Run(5, 0, 0), 0U);
  EXPECT_EQ(scaling_.decided(kUid)->why, why);
  See(true, 0);
  EXPECT_EQ(Run(1, 0, 0), 1U);
  EXPECT_NE(scaling_.decided(kUid)->why, why);
}

TEST_F(ScalingTest, ARequestThatWaitsDecidesAtOnce) {
  See(false, 0);
  EXPECT_EQ(Run(3, 0, 0), 0U);
  EXPECT_FALSE(scaling_.IsWanted(kUid));
  Pass(1, 1);
  EXPECT_TRUE(scaling_.IsWanted(kUid));
  EXPECT_EQ(Decide(0), 1U);
  EXPECT_FALSE(scaling_.IsWanted(kUid));
  Pass(25, 25);
  EXPECT_EQ(Decide(0), 3U);
}

// Its image takes longer than a request waits and an idle replica is kept.
TEST_F(ScalingTest, OneThatWasWokenStaysUntilItWasReadyThoughNobodyWaitsAnyMore) {
  See(false, 0);
  EXPECT_EQ(Run(3, 0, 0), 0U);
  Pass(25, 25);
  EXPECT_EQ(Decide(0), 3U);
  EXPECT_EQ(Run(60, 0, 0), 1U) << "one of them";
  EXPECT_EQ(Run(8, 0, 1), 1U) << "for its keep_alive, for who comes again";
  EXPECT_EQ(Run(5, 0, 1), 0U);
  EXPECT_EQ(Run(60, 0, 0), 0U) << "it has been ready";
}

TEST_F(ScalingTest, WhatAnotherOperatorWokeStaysUntilItWasReady) {
  See(false, 1);
  EXPECT_EQ(Run(60, 0, 0), 1U);
  EXPECT_EQ(Run(15, 0, 1), 0U);
}

TEST_F(ScalingTest, NeverMoreThanTheMost) {
  See(false, 1);
  EXPECT_EQ(Run(30, 500, 1), 3U);
}

TEST_F(ScalingTest, ActivatorsAreAddedUpAndOneThatIsGoneIsNot) {
  scaling_.SetActivators({"a", "b"}, now_);
  See(false, 0);
  for (int i = 0; i < 20; ++i) {
    Pass(8, 0, "a");
    Pass(8, 0, "b");
    Decide(2);
  }
  EXPECT_EQ(Decide(2), 2U);
  scaling_.SetActivators({"a"}, now_);
  EXPECT_EQ(Run(40, 8, 2), 1U);
}

TEST_F(ScalingTest, NothingIsTakenAwayWhileAnActivatorIsNotHeard) {
  scaling_.SetActivators({"a", "b"}, now_);
  See(false, 2);
  EXPECT_EQ(Run(60, 0, 2), 2U) << "b has never said anything";
  Pass(0, 0, "b");
  Pass(0, 0, "a");
  EXPECT_LT(Decide(2), 2U);
  scaling_.SetActivators({}, now_);
  See(true, 2);
  Decide(2);
  now_ += seconds(100);
  EXPECT_GT(Decide(2), 0U) << "there is none at all";
}

TEST_F(ScalingTest, WhatRunsIsKeptUntilEnoughIsKnownOfItsLoad) {
  See(false, 3);
  EXPECT_EQ(Run(4, 0, 3), 3U);
  EXPECT_EQ(Run(20, 0, 3), 0U);
}

TEST_F(ScalingTest, AnActivatorThatBeginsAnewIsNotComparedWithItself) {
  See(false, 1);
  EXPECT_EQ(Run(10, 100, 1), 3U);
  Pass(0, 0, "a", "another");
  EXPECT_EQ(Run(60, 0, 3), 0U);
}

TEST_F(ScalingTest, AServiceThatIsChangedShowsThatItComesUp) {
  See(false, 0);
  EXPECT_EQ(Run(3, 0, 0), 0U);
  See(true, 0, 0, 5);
  EXPECT_EQ(scaling_.decided(kUid)->replicas, 1U);
  EXPECT_EQ(Run(3, 0, 0), 1U);
  See(false, 1, 2, 5);
  EXPECT_EQ(Run(1, 0, 1), 2U);
}

TEST(PortsTest, AServiceKeepsItsPortAndNoTwoHaveOne) {
  Ports ports(kFirstPort);
  EXPECT_EQ(ports.Take("a", 20'005), 20'005);
  EXPECT_EQ(ports.Take("a", 20'006), 20'005);
  EXPECT_EQ(ports.Take("b", 20'005), kFirstPort) << "it is a's";
  const auto freed = ports.Take("c", {});
  ports.Free("c");
  EXPECT_NE(ports.Take("d", {}), freed) << "it may be listened at still";
}

Json WithPort(const std::string& uid, const std::string& made, const Json& port) {
  return {{"metadata", {{"uid", uid}, {"creationTimestamp", made}}},
          {"status", {{"activator", {{"port", port}}}}}};
}

TEST(PortsTest, WhatAllHaveIsKeptBeforeAnotherOneGetsOne) {
  Ports ports(20'000);
  ports.Keep({{"a/new", WithPort("new", "2026-11-28T00:00:03Z", Json())},
              {"b/thief", WithPort("thief", "2026-11-28T00:00:02Z", 20'000)},
              {"c/old", WithPort("old", "2026-11-28T00:00:01Z", 20'000)}});
  EXPECT_EQ(ports.Take("new", {}), 20'001);
  EXPECT_EQ(ports.Take("thief", 20'000), 20'002);
  EXPECT_EQ(ports.Take("old", 20'000), 20'000);
}

TEST(PortsTest, TheFirstIsWhereItShallBegin) {
  Ports ports(20'700);
  EXPECT_EQ(ports.Take("a", {}), 20'700);
}

TEST(PortsTest, WhereAllAreTakenThereIsNone) {
  Ports ports(kFirstPort);
  for (int i = kFirstPort; i <= kLastPort; ++i) {
    ASSERT_TRUE(ports.Take(std::to_string(i), {}).has_value());
  }
  EXPECT_FALSE(ports.Take("one more", {}).has_value());
  ports.Free("20500");
  EXPECT_TRUE(ports.Take("one more", {}).has_value());
}

}  // namespace
}  // namespace strata::kube::controller
