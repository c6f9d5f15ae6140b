// A service whose replicas come and go, and what cells hear of that.
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "keeper/testing/keeper_fixture.h"
#include "keeper/wire/messages.h"
#include "keeper/wire/reports.h"
#include "model/values.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/messages.h"
#include "wire/channel.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;

// A service that scales, and a cell's line to it.
class ScalingTest : public testing::KeeperTest {
 protected:
  static constexpr milliseconds kKeepAlive{50};

  void Begin(Serve what) {
    const std::string key = what.key;
    Send(std::move(what));
    EXPECT_EQ(Next<Prepared>().error, "");
    std::array<int, 2> ends = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    std::vector<Fd> fds;
    fds.emplace_back(ends[0]);
    ASSERT_TRUE(keeper_.Handle(Attach{key}, std::move(fds)).has_value());
    line_.emplace(loop_, Fd(ends[1]));
    Spawn(loop_, Hear());
  }

  void TearDown() override {
    if (line_) line_->Close();
    KeeperTest::TearDown();
  }

  static Serve Scaling(std::uint32_t max, bool prove = false) {
    Serve web = Web();
    web.scale = model::Scale{.max = max, .concurrency = 1, .keep_alive = kKeepAlive};
    web.prove = prove;
    return web;
  }

  void Say(const sandbox::remote::ToServer& message) {
    ASSERT_TRUE(line_->Post({sandbox::remote::Encode(message), {}}).has_value());
  }

  void Dial(std::uint64_t id, milliseconds patience = std::chrono::hours(1)) {
    Say(sandbox::remote::Dial{.id = id,
                              .patience_ms = static_cast<std::uint64_t>(patience.count())});
  }

  // What the Dial `id` brought: "" for a connection, else why not.
  std::string Answer(std::uint64_t id) {
    RunUntil([&] { return dialled_.contains(id); });
    return dialled_[id];
  }

  // As time passes.
  template <typename Condition>
  void PassUntil(Condition condition) {
    RunUntil([&] {
      clock_.Advance(milliseconds(5));
      return condition();
    });
  }
  void UntilThereAre(std::size_t servers) {
    PassUntil([&] { return script_.servers.size() == servers; });
  }
  // It is told that one is to go.
  void UntilOneLeaves() {
    PassUntil([this, before = retired_] { return retired_ > before; });
  }

  Awaitable<void> Hear() {
    while (true) {
      auto frame = co_await line_->Receive();
      if (!frame) break;
      const auto message = sandbox::remote::DecodeToClient(frame->text);
      EXPECT_TRUE(message.has_value());
      if (const auto* dialled = std::get_if<sandbox::remote::Dialled>(&*message)) {
        EXPECT_EQ(frame->fds.size(), dialled->error.empty() ? 1U : 0U);
        dialled_[dialled->id] = dialled->error;
      } else {
        ++retired_;
      }
    }
  }

  std::optional<wire::Channel> line_;
  std::map<std::uint64_t, std::string> dialled_;
  int retired_ = 0;
};

TEST_F(ScalingTest, OneIsSeenToComeUpAndThenLetGo) {
  Begin(Scaling(1, true));
  ASSERT_EQ(script_.specs.size(), 1U);
  UntilThereAre(0);
}

TEST_F(ScalingTest, WhatRanBeforeStaysAtZeroUntilItIsAskedFor) {
  Begin(Scaling(1));
  EXPECT_TRUE(script_.specs.empty());
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  EXPECT_EQ(script_.specs.size(), 1U);
  const auto told = Next<Scaled>();
  EXPECT_EQ(told.max, 1U);
}

TEST_F(ScalingTest, OneThatIsToGoKeepsItsConnectionsUntilTheyAreClosed) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  EXPECT_EQ(script_.servers.size(), 1U);
  Say(sandbox::remote::Closed{1});
  UntilThereAre(0);
}

TEST_F(ScalingTest, OneWithAProgramBesideItStaysUntilThatHasEnded) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  Say(sandbox::remote::Closed{1});
  std::vector<Fd> streams(3);
  ASSERT_TRUE(keeper_.Handle(Exec{.id = 7, .key = "key", .command = {"sh"}}, std::move(streams))
                  .has_value());
  // Everything is asked to look, and would find that it has been idle for long.
  clock_.Advance(10 * kKeepAlive);
  Say(sandbox::remote::Busy{.idle_ms = 1'000});
  loop_.restart();
  while (loop_.poll() > 0) {
  }
  EXPECT_EQ(script_.servers.size(), 1U);
  EXPECT_EQ(retired_, 1) << "only when it became ready";
  Send(EndExec{7});
  EXPECT_EQ(Next<Done>().id, 7U);
  UntilThereAre(0);
}

TEST_F(ScalingTest, OneThatIsToGoIsTakenBackWhenItIsNeeded) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  Dial(2);
  EXPECT_EQ(Answer(2), "");
  EXPECT_EQ(script_.specs.size(), 1U);
}

TEST_F(ScalingTest, OneThatIsToGoIsWaitedForNoLongerThanItsRequestsTake) {
  Serve web = Scaling(1);
  web.stop_timeout = milliseconds(50);
  web.limits.timeout = milliseconds(700);
  Begin(std::move(web));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  EXPECT_EQ(script_.servers.size(), 1U);
  const TimePoint left = clock_.Now();
  UntilThereAre(0);  // although its connection is open
  EXPECT_GE(clock_.Now() - left, milliseconds(500));
}

TEST_F(ScalingTest, MoreThanMayWaitAreRefusedAtOnce) {
  script_.listens = false;
  Begin(Scaling(1));
  for (std::uint64_t id = 0; id < 11; ++id) Dial(id);
  EXPECT_TRUE(Answer(10).starts_with("RESOURCE_EXHAUSTED: 10 requests wait")) << Answer(10);
  script_.listens = true;
  for (std::uint64_t id = 0; id < 10; ++id) EXPECT_EQ(Answer(id), "");
}

TEST_F(ScalingTest, NobodyWaitsForLongerThanItSays) {
  script_.listens = false;
  Begin(Scaling(1));
  Dial(1, milliseconds(20));
  RunUntil([&] { return script_.refused > 0; });
  clock_.Advance(milliseconds(20));
  EXPECT_TRUE(Answer(1).starts_with("UNAVAILABLE")) << Answer(1);
}

TEST_F(ScalingTest, WhatItsCellsAreBusyWithBringsMoreAndNeverMoreThanMay) {
  Begin(Scaling(3));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  Say(sandbox::remote::Busy{.mean_milli = 9000});
  UntilThereAre(3);
  Say(sandbox::remote::Busy{.mean_milli = 90'000});
  Dial(2);
  EXPECT_EQ(Answer(2), "");
  EXPECT_EQ(script_.specs.size(), 3U);
}

TEST_F(ScalingTest, EveryManagerIsToldHowManyThereAre) {
  Begin(Scaling(2));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  Scaled told = Next<Scaled>();
  while (told.ready != 1) told = Next<Scaled>();
  EXPECT_EQ(told.desired, 1U);
  EXPECT_EQ(told.before, 0U);
  EXPECT_FALSE(told.why.empty());
  told_.clear();
  keeper_.TellAnew();
  EXPECT_EQ(Next<Scaled>().ready, 1U);
}

TEST_F(ScalingTest, WhatIsPausedIsToldAndStaysUntilItIsResumed) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  Say(sandbox::remote::Closed{1});
  told_.clear();
  Send(SetPaused{.id = 1, .key = "key", .paused = true});
  const auto told = Next<Scaled>();
  EXPECT_EQ(told.ready, 0U);
  EXPECT_EQ(told.paused, 1U);
  EXPECT_EQ(told.desired, 1U);
  Send(GetSandboxes{.id = 3, .key = "key"});
  Done sandboxes = Next<Done>();
  while (sandboxes.id != 3) sandboxes = Next<Done>();
  ASSERT_EQ(sandboxes.replicas.size(), 1U);
  EXPECT_TRUE(sandboxes.replicas[0].paused);
  clock_.Advance(10 * kKeepAlive);
  Dial(2, milliseconds(20));
  PassUntil([this] { return dialled_.contains(2); });
  EXPECT_TRUE(dialled_[2].starts_with("UNAVAILABLE")) << dialled_[2];
  EXPECT_EQ(script_.servers.size(), 1U);
  Send(SetPaused{.id = 2, .key = "key", .paused = false});
  const auto resumed = Next<Scaled>();
  EXPECT_EQ(resumed.ready, 1U);
  EXPECT_EQ(resumed.paused, 0U);
  UntilThereAre(0);
}

TEST_F(ScalingTest, WhatCannotBePausedOrResumedSaysWhyAndGoesOn) {
  Serve web = Web();
  web.replicas = 2;
  Begin(web);
  script_.stuck = "it is being saved";
  for (const bool paused : {true, false}) {
    Send(SetPaused{.id = 1, .key = "key", .paused = paused});
    EXPECT_THAT(Next<Done>().error, ::testing::HasSubstr("it is being saved"));
  }
  Dial(1);
  EXPECT_EQ(Answer(1), "");
}

TEST_F(ScalingTest, HowManyWaitIsToldAlsoWhenNobodyDoesAnyMore) {
  Begin(Web());
  Send(SetPaused{.id = 1, .key = "key", .paused = true});
  EXPECT_EQ(Next<Done>().error, "");
  Dial(1);
  clock_.Advance(std::chrono::seconds(2));
  Scaled told = Next<Scaled>();
  while (told.waiting != 1) told = Next<Scaled>();
  Send(SetPaused{.id = 2, .key = "key", .paused = false});
  EXPECT_EQ(Answer(1), "");
  clock_.Advance(std::chrono::seconds(2));
  while (told.waiting != 0) told = Next<Scaled>();
}

TEST_F(ScalingTest, WhatThoseUsedThatAreGoneIsToldAndTimeAtZeroIsNotHeld) {
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  Begin(Scaling(1));
  for (std::uint64_t life = 1; life <= 2; ++life) {
    Dial(life);
    EXPECT_EQ(Answer(life), "");
    Say(sandbox::remote::Closed{life});
    UntilThereAre(0);
    auto told = Next<Measured>();
    while (told.memory != 0_B) told = Next<Measured>();
    EXPECT_EQ(told.used.cpu, life * milliseconds(30));
    EXPECT_GE(told.used.held, life * kKeepAlive);
    EXPECT_LT(told.used.held, std::chrono::hours(1));
    clock_.Advance(std::chrono::hours(1));
  }
}

TEST_F(ScalingTest, AStopEndsWhatIsGoing) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  Drain();
  EXPECT_TRUE(script_.servers.empty());
}

}  // namespace
}  // namespace strata::keeper
