// Calls of a full class that stand in line for longer than they may.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/lines/standing_line.h"
#include "base/lines/usual_time.h"
#include "keeper/pools/pool.h"
#include "keeper/testing/pool_fixture.h"
#include "model/values.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr model::Scale kNone{.keep_alive = milliseconds(0)};

class PoolLineTest : public testing::PoolTest {
 protected:
  using Calls = std::vector<std::unique_ptr<Running>>;

  // The clock goes on, and what is over by then is.
  void Pass(Duration time) {
    clock_.Advance(time);
    script_.EndDue(clock_.Now());
    pools_->Look();
    Run();
  }
  // So many calls are known to take so long; the class is full from then on.
  void Teach(Pool& pool, Duration takes) {
    script_.takes = takes;
    for (int i = 0; i < static_cast<int>(UsualTime::kFew); ++i) {
      auto call = Begin(pool);
      Pass(takes);
      ASSERT_TRUE(call->exit.has_value());
    }
  }
  static bool Refused(const Running& call) {
    return call.exit && !call.exit->has_value() &&
           call.exit->error().code == Errc::kResourceExhausted;
  }

  // What came of many calls.
  struct Outcome {
    int answered = 0;
    int refused = 0;
    int for_nothing = 0;  // began, and were ended by their deadline
  };
  // One call each `pause`, for `time`, each with so much patience.
  Outcome Load(Pool& pool, Duration pause, Duration time, Duration patience) {
    Outcome outcome;
    Calls calls;
    for (Duration gone{}; gone < time; gone += pause) {
      calls.push_back(Begin(pool, patience));
      Pass(pause);
      std::erase_if(calls, [&outcome](const std::unique_ptr<Running>& call) {
        if (!call->exit) return false;
        if (Refused(*call)) {
          ++outcome.refused;
        } else if ((*call->exit)->reason == model::ExitReason::kReturned) {
          ++outcome.answered;
        } else {
          ++outcome.for_nothing;
        }
        return true;
      });
      Run();  // those that ended leave their places
    }
    for (const auto& call : calls) call->sandbox->Stop();
    while (!script_.running.empty()) Pass(seconds(1));
    return outcome;
  }
};

TEST_F(PoolLineTest, WhatAClassServesDoesNotDependOnHowMuchMoreComes) {
  script_.slots = 2;
  script_.takes = milliseconds(100);  // so it serves 20 a second
  for (const int times : {1, 4, 16}) {
    pools_.reset();
    auto pool = Make(kNone);
    const auto outcome =
        Load(*pool, milliseconds(50) / times, seconds(30), /*patience=*/seconds(3));
    EXPECT_GE(outcome.answered, 20 * 30 * 9 / 10) << times << " times as many";
    EXPECT_LE(outcome.for_nothing, outcome.answered / 100) << times << " times as many";
  }
}

TEST_F(PoolLineTest, WhoHasLessTimeLeftThanACallTakesIsRefusedAtOnce) {
  script_.slots = 1;
  auto pool = Make(kNone);
  Teach(*pool, milliseconds(400));
  auto runs = Begin(*pool);
  auto hasty = Begin(*pool, milliseconds(300));
  EXPECT_TRUE(Refused(*hasty));
  EXPECT_NE(hasty->exit->error().message.find("ms left, which is what such calls take"),
            std::string::npos);
  auto patient = Begin(*pool, milliseconds(900));
  EXPECT_FALSE(patient->exit.has_value());
  EXPECT_EQ(pool->state().refused, 1U);
  runs->sandbox->Stop();
  patient->sandbox->Stop();
  Pass(seconds(1));
}

TEST_F(PoolLineTest, WhereThereIsRoomACallMayTryHoweverLittleTimeItHas) {
  auto pool = Make(kNone);
  Teach(*pool, milliseconds(400));
  auto hasty = Begin(*pool, milliseconds(100));
  EXPECT_FALSE(hasty->exit.has_value()) << "it runs";
  Pass(milliseconds(100));
  ASSERT_TRUE(hasty->exit && hasty->exit->has_value());
  EXPECT_EQ((*hasty->exit)->reason, model::ExitReason::kStopped);
}

TEST_F(PoolLineTest, ABurstIsWorkedOff) {
  script_.slots = 2;
  auto pool = Make(kNone);
  Teach(*pool, seconds(1));
  Calls burst;
  for (int i = 0; i < 10; ++i) burst.push_back(Begin(*pool, seconds(20)));
  for (int i = 0; i < 5; ++i) {
    Pass(seconds(1));
    for (auto& call : burst) {  // those that ended leave their places
      EXPECT_FALSE(Refused(*call));
      if (call->exit) call->sandbox.reset();
    }
    Run();
  }
  EXPECT_TRUE(std::ranges::all_of(burst, [](const auto& call) { return call->exit.has_value(); }));
}

TEST_F(PoolLineTest, WhoWaitsTooLongInALineThatStandsIsRefusedWhenAPlaceIsFree) {
  script_.slots = 1;
  auto pool = Make(kNone);
  auto other = Make(kNone, {}, "high", model::Priority::kHigh);
  auto holder = Begin(*pool);
  auto first = Begin(*pool);
  auto second = Begin(*pool);
  Pass(kLineStands + milliseconds(1));
  EXPECT_FALSE(first->exit.has_value());
  auto young = Begin(*other);
  holder.reset();
  Run();
  EXPECT_TRUE(Refused(*first));
  EXPECT_TRUE(Refused(*second));
  EXPECT_EQ(first->exit->error().message, kLineStood);
  EXPECT_TRUE(young->exit && young->exit->has_value());
}

// Nobody knows how long they take before the first has ended.
TEST_F(PoolLineTest, TheFirstCallsOfAllAreNotTooManyForTakingLong) {
  script_.slots = 1;
  script_.takes = seconds(4);
  auto pool = Make(kNone);
  auto running = Begin(*pool, seconds(60));
  auto waiting = Begin(*pool, seconds(60));
  auto last = Begin(*pool, seconds(60));
  Pass(seconds(4));
  running.reset();
  Run();
  for (int i = 0; i < 4; ++i) Pass(seconds(1));
  ASSERT_TRUE(waiting->exit && waiting->exit->has_value());
  waiting.reset();
  Run();
  Pass(seconds(4));
  EXPECT_TRUE(last->exit && last->exit->has_value());
}

}  // namespace
}  // namespace strata::keeper
