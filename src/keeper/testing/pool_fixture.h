// keeper/testing/pool_fixture.h - pools over a driver that does what the test says, with a clock
// that the test moves.
//
//   auto pool = Make({.min = 1});  Begin(*pool);  Calm();  pool->state()
//
// Threads: one loop, which the test drives.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "keeper/pools/pool.h"
#include "keeper/pools/pools.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::keeper::testing {

// What the driver's sandboxes do, and those that there were.
struct PoolScript {
  std::size_t slots = 100;
  std::size_t live = 0;
  bool holds = false;  // Warm waits for `go`
  Bytes warmed = Bytes::MiB(3);
  std::vector<std::shared_ptr<Promise<Bytes>>> warming;
  std::optional<Error> fails;       // Warm does
  std::vector<sandbox::Spec> made;  // in order
  std::vector<std::string> called;  // ids
  // Calls take so long, by the test's clock: until EndDue. Zero: no time.
  Duration takes{};
  struct Ending {
    TimePoint at;
    std::shared_ptr<Promise<model::Exit>> exit;
    model::Exit with;
  };
  std::vector<Ending> running;
  // Ends those that are over by now.
  void EndDue(TimePoint now) {
    std::erase_if(running, [now](const Ending& each) {
      if (each.at > now) return false;
      each.exit->Set(each.with);
      return true;
    });
  }
};

class PooledSandbox final : public sandbox::Sandbox {
 public:
  PooledSandbox(Loop& loop, const Clock& clock, PoolScript& script, const sandbox::Spec& spec)
      : loop_(loop), clock_(clock), script_(script), spec_(spec) {
    ++script_.live;
  }
  PooledSandbox(const PooledSandbox&) = delete;
  PooledSandbox& operator=(const PooledSandbox&) = delete;
  ~PooledSandbox() override { --script_.live; }

  Task<Bytes> Warm() override {
    if (script_.fails) co_return std::unexpected(*script_.fails);
    if (script_.holds) {
      auto go = std::make_shared<Promise<Bytes>>(loop_);
      script_.warming.push_back(go);
      auto held = co_await go->Wait(std::chrono::minutes(1));
      if (!held) co_return held;
    }
    warm_ = true;
    co_return script_.warmed;
  }
  Task<model::Exit> Invoke(sandbox::Call& call) override {
    script_.called.push_back(spec_.id);
    if (spec_.effects.logs != nullptr)
      spec_.effects.logs->Write(sandbox::Stream::kStderr, "called");
    model::Exit exit{.usage = {}, .warm = std::exchange(warm_, false)};
    if (script_.takes == Duration::zero()) co_return exit;
    auto end = std::make_shared<Promise<model::Exit>>(loop_);
    const TimePoint done = clock_.Now() + script_.takes;
    if (done > call.deadline) {
      exit.reason = model::ExitReason::kStopped;
      exit.detail = "deadline";
    }
    script_.running.push_back({std::min(done, call.deadline), end, exit});
    auto ended = co_await end->Wait(std::chrono::hours(1));
    co_return ended;
  }
  Task<TypedResult> InvokeExport(std::string_view, std::span<const sandbox::Value>,
                                 TimePoint) override {
    co_return Fail(Errc::kUnsupported, "");
  }
  void Stop() noexcept override {}
  [[nodiscard]] model::Usage usage() const override { return {}; }

 private:
  Loop& loop_;
  const Clock& clock_;
  PoolScript& script_;
  const sandbox::Spec spec_;
  bool warm_ = false;
};

class PooledImage final : public sandbox::Image {
 public:
  PooledImage(Loop& loop, const Clock& clock, PoolScript& script)
      : loop_(loop), clock_(clock), script_(script) {}
  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<sandbox::Export> exports() const override { return {}; }
  Result<std::unique_ptr<sandbox::Sandbox>> Create(const sandbox::Spec& spec) override {
    if (script_.live >= script_.slots) return Fail(Errc::kResourceExhausted, "full");
    script_.made.push_back(spec);
    return std::make_unique<PooledSandbox>(loop_, clock_, script_, spec);
  }

 private:
  Loop& loop_;
  const Clock& clock_;
  PoolScript& script_;
};

struct Lines final : sandbox::LogSink {
  void Write(sandbox::Stream, std::string_view text) override { all.emplace_back(text); }
  std::vector<std::string> all;
};

// One that counts who asks it.
class AskedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const noexcept override {
    ++asked;
    return manual_.Now();
  }
  [[nodiscard]] WallTime WallNow() const noexcept override { return manual_.WallNow(); }
  void Advance(Duration by) { manual_.Advance(by); }

  mutable int asked = 0;

 private:
  ManualClock manual_;
};

class PoolTest : public ::testing::Test {
 protected:
  // Pools are not to end while they fill.
  void TearDown() override {
    script_.holds = false;
    for (int i = 0; pools_ && pools_->filling() && i < 100; ++i) {
      for (const auto& waiting : script_.warming) waiting->Set(Bytes::MiB(3));
      Calm();
    }
    EXPECT_FALSE(pools_ && pools_->filling());
  }

  std::shared_ptr<Pool> Make(const model::Scale& scale, Pools::Bounds bounds = {},
                             std::string name = "f",
                             model::Priority priority = model::Priority::kNormal) {
    if (!pools_) pools_.emplace(loop_, clock_, bounds);
    auto pool = std::make_shared<Pool>(
        *pools_, "container", std::make_shared<PooledImage>(loop_, clock_, script_),
        Pool::Program{.spec = {.id = std::move(name)}, .scale = scale, .priority = priority});
    pool->Open();
    Run();
    return pool;
  }
  // All that can happen now.
  void Run() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
  // A call that has begun; `exit` says when it has ended.
  struct Running {
    Running(Loop& loop, const Clock& clock) : fixture(loop, clock) {}
    sandbox::testing::CallFixture fixture;
    std::unique_ptr<sandbox::Sandbox> sandbox;
    std::optional<Result<model::Exit>> exit;
  };
  std::unique_ptr<Running> Begin(Pool& pool, Duration patience = std::chrono::seconds(10),
                                 sandbox::LogSink* logs = nullptr) {
    auto running = std::make_unique<Running>(loop_, clock_);
    running->fixture.call.deadline = clock_.Now() + patience;
    running->sandbox =
        pool.Create({.id = "call-" + std::to_string(++calls_), .effects = {.logs = logs}}).value();
    Spawn(loop_, Invoke(*running));
    Run();
    return running;
  }
  static Awaitable<void> Invoke(Running& running) {
    running.exit = co_await running.sandbox->Invoke(running.fixture.call);
  }
  // A call from its begin to its end; whether its sandbox had waited for it.
  bool CallIsWarm(Pool& pool) {
    auto running = Begin(pool);
    EXPECT_TRUE(running->exit && running->exit->has_value());
    const bool warm = running->exit && running->exit->has_value() && (*running->exit)->warm;
    running.reset();
    Calm();
    return warm;
  }
  // Calls have started, so that pools are filled.
  void Calm() {
    clock_.Advance(std::chrono::seconds(3));
    pools_->Look();
    Run();
  }

  Loop loop_;
  AskedClock clock_;
  PoolScript script_;
  std::optional<Pools> pools_;
  int calls_ = 0;
};

}  // namespace strata::keeper::testing
