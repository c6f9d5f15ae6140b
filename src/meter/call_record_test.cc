// The record crosses a shared-memory ring between processes that may be of two versions while one
// replaces the other: its layout is a promise.
#include "meter/call_record.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace strata::meter {
namespace {

TEST(CallRecordTest, TheLayoutIsFixed) {
  EXPECT_EQ(sizeof(CallRecord), 248U);
  EXPECT_EQ(alignof(CallRecord), 8U);
  EXPECT_EQ(offsetof(CallRecord, wall_start_ns), 0U);
  EXPECT_EQ(offsetof(CallRecord, cpu_ns), 40U);
  EXPECT_EQ(offsetof(CallRecord, bytes_out), 64U);
  EXPECT_EQ(offsetof(CallRecord, trace_id), 72U);
  EXPECT_EQ(offsetof(CallRecord, revision), 96U);
  EXPECT_EQ(offsetof(CallRecord, status), 104U);
  EXPECT_EQ(offsetof(CallRecord, exit), 106U);
  EXPECT_EQ(offsetof(CallRecord, method), 108U);
  EXPECT_EQ(offsetof(CallRecord, sandbox), 119U);
  EXPECT_EQ(offsetof(CallRecord, path), 120U);
}

TEST(CallRecordTest, WhatCannotBeSaidOfACallIsNoRecord) {
  const auto possible = [](std::uint16_t status, std::uint8_t exit, std::uint8_t sandbox) {
    CallRecord record;
    record.status = status;
    record.exit = exit;
    record.sandbox = static_cast<SandboxCame>(sandbox);
    return Possible(record);
  };
  for (const std::uint16_t status : {0, 100, 200, 599})
    EXPECT_TRUE(possible(status, 0, 0)) << status;
  for (const std::uint16_t status : {1, 99, 600, 65535}) {
    EXPECT_FALSE(possible(status, 0, 0)) << status;
  }
  constexpr auto kLastExit = static_cast<std::uint8_t>(model::ExitReason::kStopped);
  EXPECT_TRUE(possible(200, kLastExit, 3));
  EXPECT_FALSE(possible(200, kLastExit + 1, 3));
  EXPECT_FALSE(possible(200, kLastExit, 4));
}

TEST(CallRecordTest, TellsOfWhatItCalledUnlessItWasTheClient) {
  const auto with = [](std::uint16_t status) {
    CallRecord record;
    record.status = status;
    return record;
  };
  for (const std::uint16_t status : {200, 304, 500, 503}) {
    EXPECT_TRUE(TellsOfCallee(with(status))) << status;
  }
  for (const std::uint16_t status : {0, 400, 429, 499}) {
    EXPECT_FALSE(TellsOfCallee(with(status))) << status;
  }
  CallRecord asked_wrong = with(501);
  EXPECT_TRUE(TellsOfCallee(asked_wrong)) << "the program itself says so";
  asked_wrong.sandbox = SandboxCame::kNone;
  EXPECT_FALSE(TellsOfCallee(asked_wrong)) << "there is no such export";
  for (const std::uint16_t status : {0, 500, 503}) EXPECT_TRUE(Failed(with(status))) << status;
  for (const std::uint16_t status : {200, 304, 499}) EXPECT_FALSE(Failed(with(status))) << status;
}

TEST(CallRecordTest, WhatTheClientDidWrongIsRefused) {
  CallRecord record;
  for (const std::uint16_t status : {400, 404, 429, 499}) {
    record.status = status;
    EXPECT_TRUE(Refused(record)) << status;
  }
  record.cut_off = 1;
  EXPECT_FALSE(Refused(record)) << "it failed";
  record.cut_off = 0;
  for (const std::uint16_t status : {0, 200, 302, 500}) {
    record.status = status;
    EXPECT_FALSE(Refused(record)) << status;
  }
  record.status = 429;
  record.sandbox = SandboxCame::kNone;
  EXPECT_FALSE(Refused(record)) << "it came at a bad time";
  EXPECT_TRUE(FoundFull(record));
  record.sandbox = SandboxCame::kAtOnce;
  EXPECT_FALSE(FoundFull(record)) << "the guest says so";
}

TEST(CallRecordTest, AClientLeftThatWentBeforeItHadAnythingOfAnAnswer) {
  CallRecord record;
  EXPECT_TRUE(Left(record));
  record.bytes_out = 1;
  EXPECT_FALSE(Left(record)) << "it may have had all that it wanted";
  record.bytes_out = 0;
  record.status = 200;
  EXPECT_FALSE(Left(record));
  record.status = 0;
  record.sandbox = SandboxCame::kNone;
  EXPECT_FALSE(Left(record)) << "nobody had begun to answer";
}

TEST(CallRecordTest, ACallThatUsedNothingItselfIsOfWhatServesOthersToo) {
  CallRecord record;
  EXPECT_TRUE(Shared(record));
  record.sandbox = SandboxCame::kMade;
  EXPECT_TRUE(Shared(record)) << "it waited for a replica";
  record.cpu_ns = 1;
  EXPECT_FALSE(Shared(record));
  record.cpu_ns = 0;
  record.memory_peak = 1;
  EXPECT_FALSE(Shared(record));
  for (const auto none : {SandboxCame::kNone, SandboxCame::kBusy}) {
    record = CallRecord{};
    record.sandbox = none;
    EXPECT_FALSE(Shared(record)) << "no guest ran";
  }
}

TEST(CallRecordTest, AnErrorThatTheProgramAnswersIsItsOwn) {
  CallRecord record;
  record.status = 500;
  EXPECT_TRUE(ProgramFailed(record));
  for (const auto fate :
       {model::ExitReason::kLimit, model::ExitReason::kViolation, model::ExitReason::kStopped}) {
    record.exit = static_cast<std::uint8_t>(fate);
    EXPECT_FALSE(ProgramFailed(record)) << model::ExitReasonName(fate);
  }
  record.exit = 0;
  record.exit_code = 1;
  EXPECT_FALSE(ProgramFailed(record)) << "it gave up";
  record.exit_code = 0;
  for (const auto none : {SandboxCame::kNone, SandboxCame::kBusy}) {
    record.sandbox = none;
    EXPECT_FALSE(ProgramFailed(record)) << "no guest ran";
  }
  record.sandbox = SandboxCame::kMade;
  record.status = 404;
  EXPECT_FALSE(ProgramFailed(record));
}

TEST(CallRecordTest, AnAnswerThatBrokeOffHasFailedWhateverItBeganWith) {
  for (const std::uint16_t status : {200, 404}) {
    CallRecord record;
    record.status = status;
    record.exit = static_cast<std::uint8_t>(model::ExitReason::kViolation);
    record.cut_off = 1;
    EXPECT_TRUE(Failed(record)) << status;
    EXPECT_TRUE(TellsOfCallee(record)) << status;
    EXPECT_FALSE(ProgramFailed(record)) << status;
  }
}

TEST(CallRecordTest, ACallOfAnOlderCellRanWhateverItWasAnsweredWith) {
  for (const std::uint8_t cold : {0, 1}) {
    CallRecord record;
    record.status = 503;
    std::memcpy(&record.sandbox, &cold, sizeof(cold));
    EXPECT_TRUE(GuestRan(record));
    EXPECT_EQ(Cold(record), cold == 1);
  }
}

TEST(CallRecordTest, HowItWasLedSharesAByteWithWhetherItWasSampled) {
  CallRecord record;
  record.sampled = 1;
  record.led_by = LedBy::kCopy;
  record.exit_code = 1;
  record.cut_off = 1;
  record.lost = 1;
  std::uint8_t bytes[sizeof(record)];
  std::memcpy(bytes, &record, sizeof(record));
  EXPECT_EQ(bytes[107] & 63, 63);
  bytes[107] = 1;  // what an older cell writes
  std::memcpy(&record, bytes, sizeof(record));
  EXPECT_EQ(record.sampled, 1);
  EXPECT_EQ(record.led_by, LedBy::kTraffic);
  EXPECT_EQ(record.exit_code, 0);
  EXPECT_EQ(record.cut_off, 0);
  EXPECT_EQ(record.lost, 0);
}

TEST(CallRecordTest, WhatStoodInLineForMostOfItsTimeCameTooLate) {
  CallRecord record;
  record.status = 504;
  record.exit = static_cast<std::uint8_t>(model::ExitReason::kStopped);
  record.sandbox = SandboxCame::kMade;
  record.run_ns = 10;
  record.queue_ns = 11;
  EXPECT_TRUE(CameTooLate(record));
  record.queue_ns = 10;
  EXPECT_FALSE(CameTooLate(record)) << "it had as long as it waited";
  record.queue_ns = 11;
  record.status = 200;
  EXPECT_FALSE(CameTooLate(record));
  record.cut_off = 1;
  EXPECT_TRUE(CameTooLate(record)) << "its answer had begun";
  record.exit = static_cast<std::uint8_t>(model::ExitReason::kLimit);
  EXPECT_FALSE(CameTooLate(record));
}

TEST(CallRecordTest, OnlyWhatWasDrawnComparesAndOnlyWhatFollowsTrafficMoves) {
  const auto led = [](LedBy by) {
    CallRecord record;
    record.led_by = by;
    return std::pair(Drawn(record), Moves(record));
  };
  EXPECT_EQ(led(LedBy::kTraffic), std::pair(true, true));
  EXPECT_EQ(led(LedBy::kName), std::pair(false, true));
  EXPECT_EQ(led(LedBy::kForm), std::pair(false, false));
  EXPECT_EQ(led(LedBy::kCopy), std::pair(false, false));
}

TEST(CallRecordTest, ACopyOfTheBytesIsTheRecord) {
  CallRecord record;
  record.cpu_ns = 7;
  record.status = 200;
  std::strncpy(record.path, "/a", sizeof(record.path));
  std::byte ring[sizeof(CallRecord)];
  std::memcpy(ring, &record, sizeof(record));
  CallRecord read;
  std::memcpy(&read, ring, sizeof(read));
  EXPECT_EQ(read.cpu_ns, 7U);
  EXPECT_EQ(read.status, 200U);
  EXPECT_STREQ(read.path, "/a");
}

TEST(CallRecordTest, AFreshRecordSaysNothing) {
  const CallRecord record;
  const CallRecord zero{};
  EXPECT_EQ(record.status, 0U);
  EXPECT_EQ(record.method[0], '\0');
  EXPECT_EQ(std::memcmp(record.trace_id, zero.trace_id, sizeof(record.trace_id)), 0);
}

}  // namespace
}  // namespace strata::meter
