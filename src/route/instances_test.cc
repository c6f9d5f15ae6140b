#include "route/instances.h"

#include <optional>

#include <gtest/gtest.h>

namespace strata::route {
namespace {

class NoLines final : public LineSink {
 public:
  void Write(const Line&) override {}
};

class InstanceSetTest : public ::testing::Test {
 protected:
  using MaybeLease = std::optional<Result<InstanceSet::Lease>>;

  static Awaitable<void> Take(InstanceSet& set, Duration patience, MaybeLease& to) {
    to.emplace(co_await set.Acquire(patience));
  }
  void Start(InstanceSet& set, MaybeLease& to, Duration patience = std::chrono::hours(1)) {
    Spawn(loop_, Take(set, patience, to));
    Turn();
  }
  void Turn() {
    loop_.restart();
    loop_.poll();
  }

  Loop loop_;
  NoLines lines_;
};

TEST_F(InstanceSetTest, AKeptInstanceComesBack) {
  InstanceSet set(loop_, 1);
  MaybeLease first;
  Start(set, first);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->instance, nullptr);  // an empty place
  (*first)->instance = std::make_unique<Instance>(lines_, "a");
  (*first)->Keep();
  first.reset();
  MaybeLease second;
  Start(set, second);
  ASSERT_TRUE(second && *second);
  ASSERT_NE((*second)->instance, nullptr);
  EXPECT_EQ((*second)->instance->id(), "a");
}

TEST_F(InstanceSetTest, AnInstanceThatIsNotKeptLeavesAnEmptyPlace) {
  InstanceSet set(loop_, 1);
  set.Add(std::make_unique<Instance>(lines_, "a"));
  MaybeLease lease;
  Start(set, lease);
  ASSERT_NE((*lease)->instance, nullptr);
  lease.reset();
  EXPECT_EQ(set.size(), 0u);
  Start(set, lease);
  EXPECT_EQ((*lease)->instance, nullptr);
}

TEST_F(InstanceSetTest, WaitersAreServedInOrder) {
  InstanceSet set(loop_, 1);
  MaybeLease held, second, third;
  Start(set, held);
  Start(set, second);
  Start(set, third);
  EXPECT_FALSE(second || third);
  (*held)->instance = std::make_unique<Instance>(lines_, "a");
  (*held)->Keep();
  held.reset();
  Turn();
  ASSERT_TRUE(second && *second);
  EXPECT_FALSE(third);
  EXPECT_EQ((*second)->instance->id(), "a");
  second.reset();  // not kept: the third finds an empty place
  Turn();
  ASSERT_TRUE(third && *third);
  EXPECT_EQ((*third)->instance, nullptr);
}

TEST_F(InstanceSetTest, AWaiterGivesUpAtItsDeadlineAndLeavesTheQueue) {
  InstanceSet set(loop_, 1);
  MaybeLease held, late, next;
  Start(set, held);
  Start(set, late, Duration(0));
  while (!late) {
    loop_.restart();
    loop_.run_one();
  }
  ASSERT_FALSE(late->has_value());
  EXPECT_EQ(late->error().code, Errc::kDeadlineExceeded);
  Start(set, next);
  held.reset();
  Turn();
  EXPECT_TRUE(next && *next);
}

}  // namespace
}  // namespace strata::route
