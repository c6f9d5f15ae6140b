// keeper/testing/keeper_fixture.h - a keeper whose driver does what the test says, with a clock
// that the test moves.
//
//   class ScalingTest : public testing::KeeperTest { ... };
//   script_.listens = false; Send(Serve{...}); Next<Prepared>();
//
// Threads: one loop, which the test drives.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "host/process/terminal.h"
#include "keeper/keeper.h"
#include "keeper/wire/messages.h"
#include "model/values.h"
#include "sandbox/driver.h"

namespace strata::keeper::testing {

class ScriptedServer;

// What every sandbox here does, and those that there are.
struct Script {
  bool listens = true;
  sandbox::Load load;   // of each that lives
  bool breaks = false;  // Serve ends with an error, which says nothing of what was used
  bool full = false;    // there is no room for another sandbox
  std::string stuck;    // why none can be paused or resumed
  int refused = 0;      // connections, because nobody listened
  std::vector<sandbox::Spec> specs;      // of those that were made, in order
  std::vector<ScriptedServer*> servers;  // that live
};

// Runs beside a server until it is ended.
class ScriptedProgram final : public sandbox::Execution {
 public:
  explicit ScriptedProgram(Loop& loop) : end_(loop.get_executor(), TimePoint::max()) {}
  Task<int> Wait() override {
    boost::system::error_code ignored;
    co_await end_.async_wait(asio::redirect_error(kAwait, ignored));
    co_return 0;
  }
  void Resize(host::TerminalSize) noexcept override {}
  void End() noexcept override { end_.cancel(); }

 private:
  Timer end_;
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
  Task<std::shared_ptr<sandbox::Execution>> Exec(sandbox::Program) override {
    co_return std::make_shared<ScriptedProgram>(loop_);
  }
  Task<sandbox::Load> Measure() override {
    if (stopped_) co_return Fail(Errc::kUnavailable, "it is not running");
    co_return script_.load;
  }
  Task<void> Pause() override { co_return Moved(); }
  Task<void> Resume() override { co_return Moved(); }
  Task<std::shared_ptr<sandbox::Image>> Snapshot() override;
  void Stop() noexcept override {
    stopped_ = true;
    end_.cancel();
  }
  [[nodiscard]] model::Usage usage() const override { return {}; }

 private:
  [[nodiscard]] Result<void> Moved() const {
    if (script_.stuck.empty()) return {};
    return Fail(Errc::kUnavailable, script_.stuck);
  }

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
    if (script_.full) return Fail(Errc::kResourceExhausted, "full");
    if (spec.id != "check") script_.specs.push_back(spec);
    return std::make_unique<ScriptedServer>(loop_, script_);
  }

 private:
  Loop& loop_;
  Script& script_;
};

inline Task<std::shared_ptr<sandbox::Image>> ScriptedServer::Snapshot() {
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
    BeginDrain({});
    RunUntil([this] { return keeper_.idle(); });
  }

  void BeginDrain(Duration patience) {
    const auto drain = [](Keeper& keeper, Duration most, bool& done) -> Awaitable<void> {
      co_await keeper.Drain(most);
      done = true;
    };
    Spawn(loop_, drain(keeper_, patience, drained_));
  }

  template <typename Condition>
  void RunUntil(Condition condition) {
    loop_.restart();
    while (!condition() && loop_.run_one() > 0) {
    }
  }

  void Send(ToKeeper message) { ASSERT_TRUE(keeper_.Handle(std::move(message), {}).has_value()); }

  // A cell's end of a line to what the keeper has as `key`.
  Fd Line(const std::string& key) {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Fd cell(ends[0]);
    std::vector<Fd> theirs;
    theirs.emplace_back(ends[1]);
    EXPECT_TRUE(keeper_.Handle(Attach{.key = key}, std::move(theirs)).has_value());
    return cell;
  }

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
  bool manager_ = true;      // there is one to be told
  int missed_ = 0;           // what was measured while there was none
  bool drained_ = false;     // a drain has ended
  std::promise<void> hang_;  // trying microvm out waits for it
  Keeper keeper_{loop_, clock_, Start{.keeper = "test-0", .tenant = "default"},
                 [this](model::Class sandbox_class, const Start&) -> Result<MakeDriverFn> {
                   if (sandbox_class == model::Class::kMicrovm) hang_.get_future().wait();
                   return [this] { return std::make_unique<ScriptedDriver>(loop_, script_); };
                 },
                 [this](ToManager message) {
                   if (!manager_ && std::holds_alternative<Measured>(message)) ++missed_;
                   if (manager_) told_.push_back(std::move(message));
                   return manager_;
                 }};
};

}  // namespace strata::keeper::testing
