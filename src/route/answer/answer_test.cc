#include "route/answer/answer.h"

#include <gtest/gtest.h>

namespace strata::route {
namespace {

model::Exit Ended(model::ExitReason reason, std::string detail = "") {
  return {reason, 0, std::move(detail), {}};
}

TEST(AnswerTest, EveryFateHasItsStatus) {
  using model::ExitReason;
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kReturned))->status, 502);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kLimit, "cpu_time"))->slug, "limit-cpu-time");
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kLimit, "request"))->status, 413);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kViolation, "unreachable"))->status, 502);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kStopped, "deadline"))->status, 504);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kStopped, "stopped"))->status, 503);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kStopped, "client too slow"))->status, 408);
  EXPECT_EQ(ProblemForExit(Ended(ExitReason::kStopped, "client: bad chunk"))->status, 400);
  EXPECT_FALSE(ProblemForExit(Ended(ExitReason::kStopped, "client gone")).has_value());
}

TEST(AnswerTest, AGuestsTrapIsNotShownToTheClient) {
  const auto problem = ProblemForExit(Ended(model::ExitReason::kViolation, "secret_function"));
  EXPECT_EQ(problem->detail.find("secret_function"), std::string::npos);
}

TEST(AnswerTest, WhatMayPassIs503AndAnythingElse500) {
  const auto full = ProblemForFailure({Errc::kResourceExhausted, "no slot"});
  EXPECT_EQ(full.status, 503);
  EXPECT_TRUE(full.retry_after.has_value());
  const auto late = ProblemForFailure({Errc::kDeadlineExceeded, "no answer in time"});
  EXPECT_EQ(late.status, 503) << "nothing of it has run";
  EXPECT_TRUE(late.retry_after.has_value());
  EXPECT_EQ(ProblemForFailure({Errc::kUnavailable, "gone"}).slug, "unreachable");
  EXPECT_EQ(ProblemForFailure({Errc::kInternal, "broke"}).status, 500);
}

TEST(AnswerTest, ServerTimingIsInMilliseconds) {
  EXPECT_EQ(FormatServerTiming({std::chrono::microseconds(12), std::chrono::microseconds(34),
                                std::chrono::microseconds(1250)}),
            "queue;dur=0.012, instantiate;dur=0.034, run;dur=1.250");
}

}  // namespace
}  // namespace strata::route
