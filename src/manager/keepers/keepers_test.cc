// With a keeper that the test speaks for; with real ones: tests/e2e and tests/crash.
#include "manager/keepers/keepers.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/async/pause.h"
#include "manager/testing/fake_keeper.h"
#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto kClass = model::Class::kContainer;
constexpr const char* kName = "k-shop-1-0";

class KeepersTest : public PartsFixture {
 protected:
  void SetUp() override {
    PartsFixture::SetUp();
    keeper_ = std::make_unique<FakeKeeper>(parts_->context, kName, "shop");
  }

  Keepers& keepers() { return parts_->keepers; }

  void Adopt() { ASSERT_TRUE(Run(keepers().Recover()).has_value()); }

  static Keepers::Workload Program() {
    return keeper::Admit{.key = "", .image = "", .name = "f", .price = {}};
  }
  static Keepers::Workload Service() {
    return keeper::Serve{.key = "", .image = "", .name = "s", .scale = {}, .health = {}};
  }

  Result<std::string> Ask(Keepers::Workload what, Keepers::Until until) {
    return Run(keepers().Run("shop", kClass, store::DigestOf('a'), "{}", std::move(what), until));
  }
  Keepers::Found Find(const Keepers::Workload& what) {
    return keepers().Find("shop", kClass, store::DigestOf('a'), what);
  }
  // Until the keeper has answered who does not wait for it.
  void Settle() {
    for (int i = 0; i < 100; ++i) (void)Run(AMoment());
  }

  std::unique_ptr<FakeKeeper> keeper_;
};

TEST_F(KeepersTest, WhatIsRefusedForGoodIsAskedForAgainOnlyByWhoAppliesIt) {
  keeper_->refusal = {Errc::kUnsupported, "it cannot enforce that"};
  Adopt();
  for (int i = 0; i < 2; ++i) {
    const auto refused = Ask(Program(), Keepers::Until::kStarted);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), *keeper_->refusal);
  }
  EXPECT_THAT(keeper_->asked, ElementsAre("f"));
  EXPECT_EQ(Find(Program()).at, Keepers::At::kRefused);
  EXPECT_EQ(Find(Program()).because, "it cannot enforce that");
  EXPECT_FALSE(Ask(Program(), Keepers::Until::kReady).has_value());
  EXPECT_THAT(keeper_->asked, SizeIs(2));
  EXPECT_EQ(Find(Program()).at, Keepers::At::kRefused)
      << "an apply that is refused changes nothing";
  keeper_->refusal.reset();
  EXPECT_TRUE(Ask(Program(), Keepers::Until::kReady).has_value());
  EXPECT_EQ(Find(Program()).at, Keepers::At::kHand);
}

TEST_F(KeepersTest, WhatTheHostLacksForNowIsNoRefusal) {
  keeper_->refusal = {Errc::kFailedPrecondition, "install the plugins"};
  Adopt();
  EXPECT_FALSE(Ask(Program(), Keepers::Until::kStarted).has_value());
  EXPECT_EQ(Find(Program()).at, Keepers::At::kSoon);
  keeper_->refusal.reset();
  EXPECT_TRUE(Ask(Program(), Keepers::Until::kStarted).has_value());
  EXPECT_EQ(Find(Program()).at, Keepers::At::kHand);
}

TEST_F(KeepersTest, AServiceThatIsRefusedForGoodIsLostAndNotStartedAgain) {
  keeper_->refusal = {Errc::kUnsupported, "it cannot enforce that"};
  Adopt();
  ASSERT_TRUE(Ask(Service(), Keepers::Until::kStarted).has_value()) << "it is not waited for";
  Settle();
  EXPECT_THAT(lost_, ElementsAre("shop"));
  EXPECT_EQ(Find(Service()).at, Keepers::At::kRefused);
  EXPECT_FALSE(Ask(Service(), Keepers::Until::kStarted).has_value());
  EXPECT_THAT(keeper_->asked, ElementsAre("s"));
}

TEST_F(KeepersTest, WhyAServiceIsNotStartedForNowIsKnownUntilItIs) {
  keeper_->refusal = {Errc::kFailedPrecondition, "install the plugins"};
  Adopt();
  const auto key = Ask(Service(), Keepers::Until::kStarted);
  ASSERT_TRUE(key.has_value());
  Settle();
  EXPECT_EQ(keepers().WhyDown(*key), "install the plugins");
  EXPECT_EQ(Find(Service()).at, Keepers::At::kSoon) << "it may be asked for again";
  ASSERT_TRUE(Ask(Service(), Keepers::Until::kStarted).has_value());
  Settle();
  EXPECT_THAT(lines_, SizeIs(2)) << "adopted, and does not come up: said once";
  keeper_->refusal.reset();
  ASSERT_TRUE(Ask(Service(), Keepers::Until::kStarted).has_value());
  Settle();
  EXPECT_EQ(keepers().WhyDown(*key), "");
  EXPECT_EQ(Find(Service()).at, Keepers::At::kHand);
}

TEST_F(KeepersTest, WhyAServiceIsDownIsKnownOfAnAdoptedKeeper) {
  const std::string key = Find(Service()).key + kName;
  keeper_->state.keys = {key};
  keeper_->state.down = {{key, "nothing listened"}};
  Adopt();
  EXPECT_EQ(Find(Service()).at, Keepers::At::kHand);
  EXPECT_EQ(keepers().WhyDown(key), "nothing listened");
  keepers().KeepOnly({}, {}, [](std::string_view) { return false; });
  EXPECT_EQ(keepers().WhyDown(key), "") << "nobody wants it any more";
}

TEST_F(KeepersTest, WhoStillFinishesIsNotAdoptedAsTheKeeperOfItsTenant) {
  FakeKeeper newer(parts_->context, "k-shop-2-0", "shop");
  keeper_->state.keys = {};  // as one that was told to drain
  Adopt();
  Settle();
  EXPECT_EQ(keepers().size(), 1U);
  EXPECT_NE(keepers().Of("@k-shop-2-0"), nullptr);
  EXPECT_TRUE(keeper_->drain.has_value());
  EXPECT_FALSE(newer.drain.has_value());
  EXPECT_THAT(keepers().tenants(), ElementsAre(Pair(kName, "shop"), Pair("k-shop-2-0", "shop")))
      << "what both have used was counted up to here";
}

TEST_F(KeepersTest, WhoLeavesHasAsLongAsACallMayTakeUnlessAllIsToBeDown) {
  Adopt();
  keepers().KeepOnly({}, {}, [](std::string_view) { return false; });
  Settle();
  EXPECT_EQ(keepers().size(), 0U);
  ASSERT_TRUE(keeper_->drain.has_value());
  EXPECT_GT(std::chrono::milliseconds(keeper_->drain->deadline_ms), kLongestTimeout);
  const auto pass = [](ManualClock& clock, Loop& loop) -> Awaitable<void> {
    while (true) {
      co_await Pause(loop, std::chrono::milliseconds(1));
      clock.Advance(std::chrono::milliseconds(1));
    }
  };
  Spawn(loop_, pass(clock_, loop_));
  const auto down = Run(keepers().Down(std::chrono::milliseconds(50)));
  ASSERT_FALSE(down.has_value());
  EXPECT_THAT(down.error().message, HasSubstr(std::string("not finished in time: ") + kName));
  EXPECT_THAT(keepers().tenants(), IsEmpty());
}

TEST_F(KeepersTest, OfTwoKeepersThatHoldSomethingOneFinishes) {
  FakeKeeper other(parts_->context, "k-shop-2-0", "shop");
  Adopt();
  Settle();
  EXPECT_NE(keepers().Of(std::string("@") + kName), nullptr);
  EXPECT_TRUE(other.drain.has_value());
}

TEST_F(KeepersTest, WithoutAKeeperThereIsALineOfNothing) {
  EXPECT_EQ(Find(Program()).at, Keepers::At::kNowhere);
  EXPECT_THAT(Find(Program()).key, EndsWith("@"));
  EXPECT_TRUE(keepers().OpenLine(Find(Program()).key).has_value());
  EXPECT_THAT(keeper_->asked, IsEmpty());
}

}  // namespace
}  // namespace strata::manager
