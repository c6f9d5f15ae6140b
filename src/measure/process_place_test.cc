#include "measure/process_place.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "measure/kinds.h"

namespace strata::measure {
namespace {

class ProcessPlaceTest : public testing::Test {
 protected:
  ProcessPlace place_{STRATA_SHARE};
};

TEST_F(ProcessPlaceTest, AProgramIsCalledAsAProcess) {
  ASSERT_TRUE(place_.Deploy(Program::kHello).has_value());
  const auto answer = place_.Call(Program::kHello, "/");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "hello, world\n");
  EXPECT_GT(answer->ms, 0);
}

TEST_F(ProcessPlaceTest, ItsKernelAndItsMemoryAreAsked) {
  const auto cpu = place_.CpuMs(Program::kYardstick);
  const auto epoll = kEpoll.measure(place_, Depth::kQuick);
  ASSERT_TRUE(epoll.has_value()) << epoll.error().message;
  EXPECT_EQ(epoll->size(), 2U);
  EXPECT_GT(place_.MemoryMib(Program::kHello).value_or(0), 0.1);
  EXPECT_GT(place_.CpuMs(Program::kYardstick).value_or(0), cpu.value_or(1e9));
}

TEST_F(ProcessPlaceTest, ServersRunUntilTheyAreEnded) {
  const auto three = place_.Run(3);
  ASSERT_TRUE(three.has_value()) << three.error().message;
  EXPECT_EQ(three->memory_mib.size(), 3U);
  for (const double each : three->memory_mib) EXPECT_GT(each, 0);
  EXPECT_EQ(place_.Run(5)->memory_mib.size(), 5U);
  EXPECT_EQ(place_.Run(0)->memory_mib.size(), 0U);
}

TEST_F(ProcessPlaceTest, WhatIsNotThereIsNamed) {
  ProcessPlace nowhere("/nonexistent");
  EXPECT_EQ(nowhere.Deploy(Program::kHello).error().code, Errc::kNotFound);
  EXPECT_EQ(place_.CallWaiting(1).error().code, Errc::kUnsupported);
  EXPECT_GT(place_.ImageSize(Program::kHello)->count, 1000U);
}

TEST_F(ProcessPlaceTest, CallersAtOnceMakeMoreThanOneCall) {
  EXPECT_GT(place_.Load(Program::kHello, 2, std::chrono::milliseconds(50)).value_or(0), 0);
}

}  // namespace
}  // namespace strata::measure
