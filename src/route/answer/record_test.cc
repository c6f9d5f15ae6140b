#include "route/answer/record.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::route {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMs = 1'000'000;

// A call that is routed in 1 ms, whose sandbox is made in 2 and which then takes `called`.
Stages StagesOf(Duration called) {
  const TimePoint start{seconds(5)};
  return {.start = start,
          .created = start + milliseconds(1),
          .ready = start + milliseconds(3),
          .ended = start + milliseconds(3) + called};
}

TEST(RecordTest, SaysWhatTheGuestUsed) {
  const model::Exit exit{.reason = model::ExitReason::kLimit,
                         .usage = {.cpu = milliseconds(2),
                                   .memory_peak = 1_MiB,
                                   .bytes_in = Bytes{3},
                                   .bytes_out = Bytes{4}}};
  const auto record = RecordOf(StagesOf(milliseconds(5)), exit, "wasm");
  EXPECT_TRUE(meter::GuestRan(record));
  EXPECT_FALSE(meter::Cold(record));
  EXPECT_EQ(record.queue_ns, 1 * kMs);
  EXPECT_EQ(record.instantiate_ns, 2 * kMs);
  EXPECT_EQ(record.run_ns, 5 * kMs);
  EXPECT_EQ(record.cpu_ns, 2 * kMs);
  EXPECT_EQ(record.memory_peak, 1U << 20);
  EXPECT_EQ(record.bytes_in, 3U);
  EXPECT_EQ(record.bytes_out, 4U);
  EXPECT_EQ(record.exit, static_cast<std::uint8_t>(model::ExitReason::kLimit));
  EXPECT_EQ(record.exit_code, 0);
}

TEST(RecordTest, AProgramThatGaveUpIsToldFromOneThatAnsweredAnError) {
  auto record = RecordOf(StagesOf(milliseconds(5)), model::Exit{.status = 101}, "container");
  record.status = 500;
  EXPECT_FALSE(meter::ProgramFailed(record));
  record = RecordOf(StagesOf(milliseconds(5)), model::Exit{}, "container");
  record.status = 500;
  EXPECT_TRUE(meter::ProgramFailed(record));
}

TEST(RecordTest, WhatACallStoodInItsKeepersLineIsNoTimeOfItsSandbox) {
  const model::Exit exit{.usage = {.wall = milliseconds(30)}};
  const auto record = RecordOf(StagesOf(seconds(20) + milliseconds(30)), exit, "container");
  EXPECT_TRUE(meter::Cold(record)) << "it was made for the call";
  EXPECT_EQ(record.run_ns, 30 * kMs);
  EXPECT_EQ(record.queue_ns, 20'001 * kMs);
  EXPECT_EQ(meter::TookNs(record), 20'033 * kMs);
}

TEST(RecordTest, AKeepersClaimMakesNoCallLonger) {
  const model::Exit exit{.usage = {.wall = seconds(99)}, .warm = true};
  const auto record = RecordOf(StagesOf(milliseconds(5)), exit, "container");
  EXPECT_FALSE(meter::Cold(record));
  EXPECT_EQ(record.run_ns, 5 * kMs);
  EXPECT_EQ(record.queue_ns, 1 * kMs);
}

TEST(RecordTest, ACallThatNoGuestRanForWasInLineAllAlong) {
  for (const char* sandbox_class : {"wasm", "container"}) {
    const auto record = RecordOf(StagesOf(seconds(20)), {}, sandbox_class);
    EXPECT_FALSE(meter::GuestRan(record));
    EXPECT_EQ(record.run_ns, 0U);
    EXPECT_EQ(record.queue_ns, 20'001 * kMs);
  }
}

}  // namespace
}  // namespace strata::route
