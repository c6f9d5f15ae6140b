// Services in a keeper whose driver does what the test says.
#include "keeper/keeper.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/task.h"
#include "keeper/messages.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/remote/codec.h"
#include "sandbox/remote/messages.h"
#include "wire/channel.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;

class ScriptedServer;

// What every sandbox here does, and those that there are.
struct Script {
  bool listens = true;
  sandbox::Load load;   // of each that lives
  bool breaks = false;  // Serve ends with an error, which says nothing of what was used
  int refused = 0;      // connections, because nobody listened
  std::vector<sandbox::Spec> specs;      // of those that were made, in order
  std::vector<ScriptedServer*> servers;  // that live
};

// A server that runs until it is stopped.
class ScriptedServer final : public sandbox::Sandbox {
 public:
  ScriptedServer(Loop& loop, Script& script)
      : loop_(loop), script_(script), end_(loop.get_executor(), TimePoint::max()) {
    script_.servers.push_back(this);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() override { std::erase(script_.servers, this); }

  Task<model::Exit> Invoke(sandbox::Call&) override { co_return Fail(Errc::kUnsupported, ""); }
  Task<TypedResult> InvokeExport(std::string_view, std::span<const sandbox::Value>,
                                 TimePoint) override {
    co_return Fail(Errc::kUnsupported, "");
  }
  Task<model::Exit> Serve() override {
    boost::system::error_code ignored;
    if (!stopped_) co_await end_.async_wait(asio::redirect_error(kAwait, ignored));
    if (script_.breaks) co_return Fail(Errc::kInternal, "the engine broke");
    co_return model::Exit{.reason = model::ExitReason::kStopped,
                          .usage = {.cpu = script_.load.cpu}};
  }
  Task<Fd> Dial(std::uint16_t) override {
    if (!script_.listens) ++script_.refused;
    if (!script_.listens) co_return Fail(Errc::kUnavailable, "nobody listens");
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    const Fd theirs(ends[1]);
    co_return Fd(ends[0]);
  }
  Task<sandbox::Load> Measure() override {
    if (stopped_) co_return Fail(Errc::kUnavailable, "it is not running");
    co_return script_.load;
  }
  Task<void> Pause() override { co_return Result<void>{}; }
  Task<void> Resume() override { co_return Result<void>{}; }
  Task<std::shared_ptr<sandbox::Image>> Snapshot() override;
  void Stop() noexcept override {
    stopped_ = true;
    end_.cancel();
  }
  [[nodiscard]] model::Usage usage() const override { return {}; }

 private:
  Loop& loop_;
  Script& script_;
  Timer end_;
  bool stopped_ = false;
};

class ScriptedImage final : public sandbox::Image {
 public:
  ScriptedImage(Loop& loop, Script& script) : loop_(loop), script_(script) {}

  [[nodiscard]] model::GuestKind kind() const noexcept override { return model::GuestKind::kHttp; }
  [[nodiscard]] std::vector<sandbox::Export> exports() const override { return {}; }
  Result<std::unique_ptr<sandbox::Sandbox>> Create(const sandbox::Spec& spec) override {
    if (spec.id != "check") script_.specs.push_back(spec);
    return std::make_unique<ScriptedServer>(loop_, script_);
  }

 private:
  Loop& loop_;
  Script& script_;
};

Task<std::shared_ptr<sandbox::Image>> ScriptedServer::Snapshot() {
  co_return std::make_shared<ScriptedImage>(loop_, script_);
}

class ScriptedDriver final : public sandbox::Driver {
 public:
  ScriptedDriver(Loop& loop, Script& script) : loop_(loop), script_(script) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "container"; }
  Result<void> Probe() override { return {}; }
  Result<std::shared_ptr<sandbox::Image>> Prepare(Fd) override {
    return std::make_shared<ScriptedImage>(loop_, script_);
  }

 private:
  Loop& loop_;
  Script& script_;
};

class KeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Send(Prepare{.key = "image", .sandbox_class = "container", .root = "{}"});
    EXPECT_EQ(Next<Prepared>().error, "");
  }

  void TearDown() override { Drain(); }

  void Drain() {
    const auto drain = [](Keeper& keeper) -> Awaitable<void> { co_await keeper.Drain({}); };
    Spawn(loop_, drain(keeper_));
    RunUntil([this] { return keeper_.idle(); });
  }

  template <typename Condition>
  void RunUntil(Condition condition) {
    loop_.restart();
    while (!condition() && loop_.run_one() > 0) {
    }
  }

  void Send(ToKeeper message) { ASSERT_TRUE(keeper_.Handle(std::move(message), {}).has_value()); }

  // The next of this kind that it tells; others before it are dropped.
  template <typename What>
  What Next() {
    const auto is_it = [](const ToManager& each) { return std::holds_alternative<What>(each); };
    RunUntil([&] { return std::ranges::any_of(told_, is_it); });
    const auto found = std::ranges::find_if(told_, is_it);
    What what = std::get<What>(std::move(*found));
    told_.erase(told_.begin(), found + 1);
    return what;
  }

  static Serve Web() { return {.key = "key", .image = "image", .name = "web"}; }

  Loop loop_{1};
  ManualClock clock_;
  Script script_;
  std::vector<ToManager> told_;
  bool manager_ = true;  // there is one to be told
  int missed_ = 0;       // what was measured while there was none
  Keeper keeper_{loop_, clock_, Start{.keeper = "test-0", .tenant = "default"},
                 [this](model::Class, const Start&) -> Result<std::unique_ptr<sandbox::Driver>> {
                   return std::make_unique<ScriptedDriver>(loop_, script_);
                 },
                 [this](ToManager message) {
                   if (!manager_ && std::holds_alternative<Measured>(message)) ++missed_;
                   if (manager_) told_.push_back(std::move(message));
                   return manager_;
                 }};
};

TEST_F(KeeperTest, ASandboxHasItsServicesTimeToStop) {
  Serve web = Web();
  web.stop_timeout = milliseconds(250);
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  ASSERT_EQ(script_.specs.size(), 1U);
  EXPECT_EQ(script_.specs.front().stop_grace, milliseconds(250));
}

TEST_F(KeeperTest, AServiceIsThereOnlyOnceItHasComeUp) {
  script_.listens = false;
  Send(Web());
  EXPECT_EQ(keeper_.TakeStock().starting, (std::vector<std::string>{"key"}));
  Send(Web());  // as a manager does that has adopted it
  RunUntil([this] { return script_.refused > 1; });
  EXPECT_TRUE(told_.empty());
  script_.listens = true;
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(keeper_.TakeStock().keys, (std::vector<std::string>{"image", "key"}));
  EXPECT_TRUE(keeper_.TakeStock().starting.empty());
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(script_.specs.size(), 1U);
}

TEST_F(KeeperTest, AServiceThatDoesNotComeUpIsToldToWhoeverAskedLast) {
  script_.listens = false;
  Send(Web());
  Send(Web());
  RunUntil([this] { return script_.refused > 1; });
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_NE(Next<Prepared>().error, "");
  EXPECT_EQ(keeper_.TakeStock().keys, (std::vector<std::string>{"image"}));
  EXPECT_TRUE(keeper_.TakeStock().starting.empty());
}

TEST_F(KeeperTest, AServiceThatIsForgottenWhileItStartsDoesNotAnswerForTheNext) {
  script_.listens = false;
  Send(Web());
  RunUntil([this] { return script_.refused > 1; });
  Send(Forget{"key"});
  Send(Web());
  script_.listens = true;
  EXPECT_EQ(Next<Prepared>().error, "");
  EXPECT_EQ(script_.specs.size(), 2U);
}

TEST_F(KeeperTest, ADrainEndsServicesThatAreStillStarting) {
  script_.listens = false;
  Send(Web());
  Serve other = Web();
  other.key = "other key";
  Send(other);
  RunUntil([this] { return script_.refused > 1; });
  Drain();
  EXPECT_TRUE(script_.servers.empty());
}

TEST_F(KeeperTest, WhatAServiceUsedIsToldOnceMoreWhenItHasEnded) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  const auto first = Next<Measured>();
  EXPECT_EQ(first.used.cpu, milliseconds(30));
  EXPECT_EQ(first.memory, 5_MiB);
  script_.load.cpu = milliseconds(70);
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  EXPECT_EQ(last.name, "web");
  EXPECT_EQ(last.sandbox_class, "image");
  EXPECT_EQ(last.used.cpu, milliseconds(70));
  EXPECT_EQ(last.memory, 0_B);
}

TEST_F(KeeperTest, WhatTakesThePlaceOfAnotherIsMeasuredWithIt) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  Serve next = Web();
  next.key = "next key";
  Send(next);
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  Send(Forget{"key"});
  EXPECT_EQ(Next<Measured>().used.cpu, milliseconds(30)) << "of the one that has ended";
  const auto told = Next<Measured>();
  EXPECT_EQ(told.used.cpu, milliseconds(60));
  EXPECT_EQ(told.memory, 5_MiB);
}

TEST_F(KeeperTest, WhatForksUseIsCountedAlsoWhenTheyHaveEnded) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  Send(Fork{.id = 1, .key = "key", .count = 2});
  const auto forked = Next<Done>();
  ASSERT_EQ(forked.names.size(), 2U);
  script_.load = {.cpu = milliseconds(10), .memory = 1_MiB};
  Send(EndFork{.id = 2, .key = "key", .sandbox = forked.names.front()});
  const auto told = Next<Measured>();
  EXPECT_EQ(told.used.cpu, milliseconds(30));
  EXPECT_EQ(told.memory, 2_MiB);
}

TEST_F(KeeperTest, WhatEachReplicaHeldIsAddedUp) {
  Serve web = Web();
  web.replicas = 2;
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  clock_.Advance(std::chrono::seconds(3));
  const auto told = Next<Measured>();
  EXPECT_EQ(told.used.held, std::chrono::seconds(6));
  EXPECT_EQ(told.used.kib_ms, 2 * 5 * 1024 * 3000U);
  clock_.Advance(std::chrono::seconds(1));
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  EXPECT_EQ(last.used.held, std::chrono::seconds(8));
  EXPECT_EQ(last.used.kib_ms, 2 * 5 * 1024 * 4000U);
}

TEST_F(KeeperTest, AnotherManagerIsToldWhatTheOneBeforeMayNotHaveCounted) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  Send(Forget{"key"});
  const auto last = Next<Measured>();
  keeper_.TellAnew();
  EXPECT_EQ(Next<Measured>(), last);
  EXPECT_TRUE(told_.empty());
}

TEST_F(KeeperTest, TheTimeThatWasUsedWithoutAManagerIsToldTheNext) {
  Send(Web());
  EXPECT_EQ(Next<Prepared>().error, "");
  manager_ = false;
  script_.load = {.cpu = milliseconds(30), .memory = 5_MiB};
  RunUntil([this] { return missed_ > 0; });
  manager_ = true;
  script_.breaks = true;
  Send(Forget{"key"});
  EXPECT_EQ(Next<Measured>().used.cpu, milliseconds(30));
}

TEST_F(KeeperTest, TheRevisionsOfAFunctionAreToldTogetherAndToEachManager) {
  std::vector<Fd> cells;  // ends of lines
  for (const std::string key : {"f 1", "f 2"}) {
    Send(Admit{.key = key, .image = "image", .name = "f", .scale = {.min = 1}});
    EXPECT_EQ(Next<Prepared>().error, "");
    std::array<int, 2> ends = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    cells.emplace_back(ends[0]);
    std::vector<Fd> ours;
    ours.emplace_back(ends[1]);
    ASSERT_TRUE(keeper_.Handle(Attach{.key = key}, std::move(ours)).has_value());
  }
  const auto told = Next<Pooled>();
  EXPECT_EQ(told.name, "f");
  EXPECT_EQ(told.ready, 2U);
  keeper_.TellAnew();
  EXPECT_EQ(Next<Pooled>(), told);
  Send(Forget{"f 1"});
  EXPECT_EQ(Next<Pooled>().ready, 1U);
  Send(Forget{"f 2"});
  EXPECT_EQ(Next<Pooled>(), (Pooled{.name = "f", .sandbox_class = "image"}));
}

TEST_F(KeeperTest, ARestoreWaitsAsLongAsTheReadinessProbeTakes) {
  Serve web = Web();
  web.health.readiness = model::Probe{.tcp_socket = model::TcpSocket{},
                                      .period = milliseconds(1),
                                      .timeout = milliseconds(60'000),
                                      .success_threshold = 2};
  Send(web);
  EXPECT_EQ(Next<Prepared>().error, "");
  Send(Snapshot{.id = 1, .key = "key", .name = "good"});
  EXPECT_EQ(Next<Done>().error, "");

  script_.listens = false;
  Send(Restore{.id = 2, .key = "key", .name = "good"});
  RunUntil([this] { return script_.specs.size() == 2 && script_.refused > 1; });
  clock_.Advance(std::chrono::seconds(100));
  RunUntil([this, before = script_.refused] { return script_.refused > before + 20; });
  script_.listens = true;
  const auto restored = Next<Done>();
  EXPECT_EQ(restored.error, "");
  EXPECT_EQ(restored.names.size(), 1U);
}

// A service that scales, and a cell's line to it.
class ScalingTest : public KeeperTest {
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

TEST_F(ScalingTest, OneThatIsToGoIsTakenBackWhenItIsNeeded) {
  Begin(Scaling(1));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  Dial(2);
  EXPECT_EQ(Answer(2), "");
  EXPECT_EQ(script_.specs.size(), 1U);
}

TEST_F(ScalingTest, OneThatIsToGoIsNotWaitedForLongerThanItHasToStop) {
  Serve web = Scaling(1);
  web.stop_timeout = milliseconds(700);
  Begin(std::move(web));
  Dial(1);
  EXPECT_EQ(Answer(1), "");
  UntilOneLeaves();
  EXPECT_EQ(script_.servers.size(), 1U);
  UntilThereAre(0);  // although its connection is open
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
  EXPECT_EQ(told.desired, 1U);
  clock_.Advance(10 * kKeepAlive);
  Dial(2, milliseconds(20));
  PassUntil([this] { return dialled_.contains(2); });
  EXPECT_TRUE(dialled_[2].starts_with("UNAVAILABLE")) << dialled_[2];
  EXPECT_EQ(script_.servers.size(), 1U);
  Send(SetPaused{.id = 2, .key = "key", .paused = false});
  EXPECT_EQ(Next<Scaled>().ready, 1U);
  UntilThereAre(0);
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
