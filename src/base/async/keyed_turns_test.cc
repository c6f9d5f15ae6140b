#include "base/async/keyed_turns.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace strata {
namespace {

using Held = std::optional<KeyedTurns::Turn>;

Awaitable<void> TakeInto(KeyedTurns& turns, std::string key, Held& held) {
  auto turn = co_await turns.Take(std::move(key));
  if (turn) held.emplace(*std::move(turn));
}

TEST(KeyedTurnsTest, OneAtATimeForAKeyInTheOrderOfAsking) {
  Loop loop;
  KeyedTurns turns(loop);
  std::vector<Held> held(3);
  for (Held& each : held) Spawn(loop, TakeInto(turns, "shop", each));
  loop.poll();
  EXPECT_TRUE(held[0]);
  EXPECT_FALSE(held[1]);

  held[0].reset();
  loop.poll();
  EXPECT_TRUE(held[1]);
  EXPECT_FALSE(held[2]);

  held[1].reset();
  loop.poll();
  EXPECT_TRUE(held[2]);
}

TEST(KeyedTurnsTest, OtherKeysDoNotWait) {
  Loop loop;
  KeyedTurns turns(loop);
  Held shop;
  Held bank;
  Spawn(loop, TakeInto(turns, "shop", shop));
  Spawn(loop, TakeInto(turns, "bank", bank));
  loop.poll();
  EXPECT_TRUE(shop);
  EXPECT_TRUE(bank);
}

TEST(KeyedTurnsTest, AKeyIsTakenFromTheFirstWhoAsksToTheLast) {
  Loop loop;
  KeyedTurns turns(loop);
  Held first;
  Held second;
  Spawn(loop, TakeInto(turns, "shop", first));
  Spawn(loop, TakeInto(turns, "shop", second));
  loop.poll();
  EXPECT_TRUE(turns.Taken("shop"));
  EXPECT_FALSE(turns.Taken("bank"));

  Held moved(std::move(*first));
  first.reset();
  loop.poll();
  EXPECT_FALSE(second) << "moving a turn gave it back";
  moved.reset();
  loop.poll();
  EXPECT_TRUE(second);
  EXPECT_TRUE(turns.Taken("shop"));
  second.reset();
  EXPECT_FALSE(turns.Taken("shop"));
}

}  // namespace
}  // namespace strata
