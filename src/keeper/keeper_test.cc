// Services in a keeper whose driver does what the test says.
#include "keeper/keeper.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
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

}  // namespace
}  // namespace strata::keeper
