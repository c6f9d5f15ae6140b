#include "sandbox/wasm/engine/pulse.h"

#include <gtest/gtest.h>

namespace strata::sandbox::wasm {
namespace {

using std::chrono::milliseconds;

// Counts its turns, and its ticks, which come from a signal handler.
class CountingEngine final : public Engine {
 public:
  Result<std::vector<std::byte>> Compile(std::span<const std::byte>) override {
    return Fail(Errc::kUnsupported, "");
  }
  std::string Key() const override { return {}; }
  Result<std::shared_ptr<EngineImage>> Load(int) override { return Fail(Errc::kUnsupported, ""); }
  void Tick() const noexcept override { ticks = ticks + 1; }
  void Turn() override { ++turns; }

  mutable volatile int ticks = 0;
  int turns = 0;
};

class Waiter final : public Pulse::Entry {
 public:
  explicit Waiter(TimePoint when) { due = when; }
  void Due() noexcept override {
    ++calls;
    unlink();
  }
  int calls = 0;
};

class PulseTest : public ::testing::Test {
 protected:
  Loop loop;
  ManualClock clock;
  std::shared_ptr<CountingEngine> engine = std::make_shared<CountingEngine>();
  std::shared_ptr<Pulse> pulse = std::make_shared<Pulse>(loop, clock, engine, milliseconds(3));
};

TEST_F(PulseTest, TicksAndTurnsUntilItHasBeenIdleForAWhile) {
  ASSERT_TRUE(pulse->Touch().has_value());
  loop.run();  // ends: an idle pulse leaves nothing to do
  EXPECT_EQ(engine->turns, 4);
  EXPECT_GT(engine->ticks, 0);

  loop.restart();
  ASSERT_TRUE(pulse->Touch().has_value());
  loop.run();
  EXPECT_EQ(engine->turns, 8);
}

TEST_F(PulseTest, WakesWhatIsDueAndNothingElse) {
  Waiter soon(clock.Now() + milliseconds(10));
  Waiter late(clock.Now() + milliseconds(20));
  ASSERT_TRUE(pulse->Touch().has_value());
  pulse->Add(late);
  pulse->Add(soon);
  const auto turn = [&] {
    for (const int before = engine->turns; engine->turns == before;) loop.run_one();
  };
  turn();
  EXPECT_EQ(soon.calls + late.calls, 0);
  clock.Advance(milliseconds(10));
  turn();
  EXPECT_EQ(soon.calls, 1);
  EXPECT_EQ(late.calls, 0);
  clock.Advance(milliseconds(10));
  turn();
  EXPECT_EQ(soon.calls, 1);
  EXPECT_EQ(late.calls, 1);
}

TEST_F(PulseTest, AQueuedTurnDoesNotOutliveIt) {
  ASSERT_TRUE(pulse->Touch().has_value());
  pulse.reset();
  loop.run();
  EXPECT_EQ(engine->turns, 0);
}

}  // namespace
}  // namespace strata::sandbox::wasm
