#include "base/async/gate.h"

#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

namespace strata {
namespace {

Awaitable<void> CloseAndNote(Gate& gate, std::optional<Result<void>>& result) {
  result = co_await gate.Close();
}

TEST(GateTest, AnEmptyGateClosesAtOnce) {
  Loop loop;
  Gate gate(loop);
  std::optional<Result<void>> closed;
  Spawn(loop, CloseAndNote(gate, closed));
  loop.run();
  ASSERT_TRUE(closed);
  EXPECT_TRUE(*closed);
}

TEST(GateTest, CloseRefusesNewcomersAtOnceAndWaitsForTheLastHolder) {
  Loop loop;
  Gate gate(loop);
  auto first = gate.Enter();
  auto second = gate.Enter();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(gate.holders(), 2U);

  std::optional<Result<void>> closed;
  Spawn(loop, CloseAndNote(gate, closed));
  loop.poll();
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.Enter());

  first.reset();
  loop.poll();
  EXPECT_FALSE(closed) << "closed while a holder was inside";
  second.reset();
  loop.poll();
  ASSERT_TRUE(closed);
  EXPECT_TRUE(*closed);
}

TEST(GateTest, AMovedHolderLeavesOnce) {
  Loop loop;
  Gate gate(loop);
  auto holder = gate.Enter();
  ASSERT_TRUE(holder);
  {
    Gate::Holder moved = std::move(*holder);
    holder.reset();
    EXPECT_EQ(gate.holders(), 1U);
  }
  EXPECT_EQ(gate.holders(), 0U);
}

TEST(GateTest, EveryoneWhoClosesIsTold) {
  Loop loop;
  Gate gate(loop);
  auto holder = gate.Enter();
  std::optional<Result<void>> one;
  std::optional<Result<void>> two;
  Spawn(loop, CloseAndNote(gate, one));
  Spawn(loop, CloseAndNote(gate, two));
  loop.poll();
  holder.reset();
  loop.poll();
  EXPECT_TRUE(one && *one);
  EXPECT_TRUE(two && *two);
}

TEST(GateTest, ACancelledCloseFailsAndTheGateStaysClosed) {
  Loop loop;
  Gate gate(loop);
  const auto holder = gate.Enter();
  std::optional<Result<void>> closed;
  asio::cancellation_signal cancel;
  asio::co_spawn(loop.get_executor(), CloseAndNote(gate, closed),
                 asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  ASSERT_TRUE(closed);
  ASSERT_FALSE(*closed);
  EXPECT_EQ(closed->error().code, Errc::kUnavailable);
  EXPECT_FALSE(gate.Enter());
}

TEST(GateTest, AHolderMayOutliveTheGate) {
  Loop loop;
  std::optional<Gate::Holder> holder;
  {
    Gate gate(loop);
    holder = gate.Enter();
  }
  holder.reset();
  SUCCEED() << "no use after free (seen by the sanitizer)";
}

}  // namespace
}  // namespace strata
