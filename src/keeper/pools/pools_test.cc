// Pools of a host that has little memory left.
#include "keeper/pools/pools.h"

#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "keeper/testing/pool_fixture.h"

namespace strata::keeper {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// What the host has left of its memory is what the test says.
class HostPoolTest : public testing::PoolTest {
 protected:
  HostPoolTest() {
    pools_.emplace(
        loop_, clock_, Pools::Bounds{.spare = Bytes::MiB(100)}, [] {}, [this] { return left_; });
  }
  Bytes left_ = Bytes::MiB(1000);
};

TEST_F(HostPoolTest, NothingIsMadeInAdvanceOfMemoryThatTheHostHasNot) {
  left_ = Bytes::MiB(100);
  auto pool = Make({.min = 1});
  EXPECT_EQ(pool->state().ready, 0U);
  EXPECT_NE(pool->state().problem.find("this host has 100 MiB of memory left, of which 100"),
            std::string::npos)
      << pool->state().problem;
  EXPECT_FALSE(CallIsWarm(*pool)) << "a call has its sandbox all the same";
  left_ = Bytes::MiB(1000);
  clock_.Advance(seconds(1));
  pools_->Look();
  Run();
  EXPECT_EQ(pool->state().ready, 1U);
  EXPECT_EQ(pool->state().problem, "");
}

TEST_F(HostPoolTest, WhatIsSpareGivesWayOneAfterTheOther) {
  auto steady = Make({.min = 1});
  auto busy = Make({.min = 1, .keep_alive = minutes(60)}, {}, "g");
  {
    auto first = Begin(*busy);
    auto second = Begin(*busy);
    auto third = Begin(*busy);
  }
  Calm();
  const auto spare = busy->state().ready;
  ASSERT_GT(spare, 1U);
  left_ = Bytes::MiB(50);
  for (std::uint32_t gone = 1; gone < spare; ++gone) {
    clock_.Advance(seconds(1));
    pools_->Look();
    pools_->Look();
    Run();
    EXPECT_EQ(busy->state().ready, spare - gone);
  }
  clock_.Advance(seconds(1));
  pools_->Look();
  Run();
  EXPECT_EQ(busy->state().ready, 1U) << "what is to be there at all times stays";
  EXPECT_EQ(steady->state().ready, 1U);
}

}  // namespace
}  // namespace strata::keeper
