#include "manager/artifacts/runnables.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/records/node_prices.h"
#include "manager/testing/fake_keeper.h"
#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Forms of class container whose images are not here.
class RunnablesTest : public PartsFixture {
 protected:
  Runnables& runnables() { return parts_->runnables; }

  std::vector<Runnable> Of(std::vector<Form> forms) {
    auto made = Run(runnables().Of(std::move(forms)));
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made ? *std::move(made) : std::vector<Runnable>();
  }
  void MakeReady(std::vector<Form> forms) {
    const auto made = Run(runnables().MakeReady(std::move(forms)));
    EXPECT_TRUE(made.has_value()) << made.error().message;
  }

  // Has the keeper asked to run `form`, which was there before: what came of it.
  Result<std::string> AskKeeper(const Form& form) {
    const auto resource = runnables().ResourceOf(form.revision);
    EXPECT_TRUE(resource.has_value());
    auto what = WorkloadOf(*resource, Mode::kCommit, {},
                           options_.prices.On(HostName()).Of(model::Class::kContainer));
    return Run(parts_->keepers.Run("shop", model::Class::kContainer, form.revision.artifact_digest,
                                   "{}", std::move(what), Keepers::Until::kStarted));
  }
};

TEST_F(RunnablesTest, WhatNoKeeperHasIsServedByALineOfNothingUntilItWasTried) {
  const Form form = Deploy("f");
  const std::vector<Runnable> ready = Of({form});
  ASSERT_THAT(ready, SizeIs(1)) << "its calls are told to come again";
  EXPECT_TRUE(ready[0].module.ends_with("@")) << ready[0].module;
  EXPECT_THAT(runnables().lacking(), ElementsAre("shop"));
  EXPECT_THAT(runnables().untried(), ElementsAre("shop"));
  const Json missing = runnables().NotServed("shop", "f");
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0]["because"], "it is being made ready");
  EXPECT_EQ(missing[0]["class"], "container");
  EXPECT_EQ(missing[0]["tried_again"], true);
  EXPECT_TRUE(runnables().NotServed("shop", "g").is_null());
  EXPECT_TRUE(runnables().NotServed("park", "f").is_null());
}

TEST_F(RunnablesTest, WhatCannotBeHadIsLeftOutAndSaidOnce) {
  const Form form = Deploy("f");
  Of({form});
  MakeReady({form});
  EXPECT_THAT(Of({form}), IsEmpty());
  EXPECT_THAT(runnables().lacking(), ElementsAre("shop")) << "it is tried again";
  EXPECT_THAT(runnables().untried(), IsEmpty()) << "in its own time";
  MakeReady({form});
  EXPECT_THAT(Of({form}), IsEmpty());
  const Json missing = runnables().NotServed("shop", "f");
  ASSERT_EQ(missing.size(), 1U) << missing;
  EXPECT_THAT(missing[0]["because"].get<std::string>(), HasSubstr("image of shop/f@1"));
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("not served, and tried again until it is"));
}

TEST_F(RunnablesTest, WhatIsLostBesideItWaitsForNoOne) {
  const Form form = Deploy("f");
  Of({form});
  MakeReady({form});
  Of({form});
  const Form other = Deploy("g");
  EXPECT_THAT(Of({form, other}), SizeIs(1));
  EXPECT_THAT(runnables().untried(), ElementsAre("shop")) << "nobody has tried the other";
  MakeReady({form, other});
  EXPECT_THAT(Of({form, other}), IsEmpty());
  EXPECT_THAT(runnables().untried(), IsEmpty());
  EXPECT_THAT(lines_, SizeIs(2)) << "one for each";
}

TEST_F(RunnablesTest, WhatIsRefusedForGoodIsSaidSoAndNotTriedAgain) {
  FakeKeeper keeper(parts_->context, "k-shop-1-0", "shop");
  keeper.refusal = {Errc::kUnsupported, "it cannot enforce that"};
  ASSERT_TRUE(Run(parts_->keepers.Recover()).has_value());
  const Form form = Deploy("f");
  ASSERT_FALSE(AskKeeper(form).has_value());
  EXPECT_THAT(Of({form}), IsEmpty());
  EXPECT_THAT(runnables().lacking(), IsEmpty());
  EXPECT_THAT(runnables().refused(), ElementsAre(FormName("shop", "f", {})));
  MakeReady({form});
  EXPECT_THAT(Of({form}), IsEmpty());
  const Json missing = runnables().NotServed("shop", "f");
  ASSERT_EQ(missing.size(), 1U) << missing;
  EXPECT_THAT(missing[0]["because"].get<std::string>(), HasSubstr("it cannot enforce that"));
  EXPECT_EQ(missing[0]["tried_again"], false);
  EXPECT_THAT(keeper.asked, SizeIs(1)) << "the answer would be the same";
  ASSERT_THAT(lines_, ::testing::Not(IsEmpty()));
  EXPECT_THAT(lines_.back(), HasSubstr("not served"));
  Of({});
  EXPECT_THAT(runnables().refused(), IsEmpty());
}

TEST_F(RunnablesTest, WhatTheHostLacksForNowIsTriedAgain) {
  FakeKeeper keeper(parts_->context, "k-shop-1-0", "shop");
  keeper.refusal = {Errc::kFailedPrecondition, "install the plugins"};
  ASSERT_TRUE(Run(parts_->keepers.Recover()).has_value());
  const Form form = Deploy("f");
  ASSERT_FALSE(AskKeeper(form).has_value());
  Of({form});
  EXPECT_THAT(runnables().lacking(), ElementsAre("shop"));
  EXPECT_THAT(runnables().refused(), IsEmpty());
  keeper.refusal.reset();
  ASSERT_TRUE(AskKeeper(form).has_value()) << "somebody has installed them";
  EXPECT_THAT(Of({form}), SizeIs(1));
  EXPECT_THAT(runnables().lacking(), IsEmpty());
  EXPECT_TRUE(runnables().NotServed("shop", "f").is_null());
}

TEST_F(RunnablesTest, WhatIsNotServedIsKnownOnceAllWasLookedAt) {
  EXPECT_FALSE(Run(runnables().Known(std::chrono::milliseconds(1))).has_value());
  Of({Deploy("f")});
  EXPECT_TRUE(Run(runnables().Known(std::chrono::milliseconds(1))).has_value());
}

TEST_F(RunnablesTest, TheImagesOfAllFormsAreKept) {
  const Form form = Deploy("f");
  Of({form});
  EXPECT_THAT(runnables().images(),
              ElementsAre(Keepers::Image{"shop", model::Class::kContainer, store::DigestOf('a')}));
  Of({});
  EXPECT_THAT(runnables().images(), IsEmpty());
  EXPECT_THAT(runnables().lacking(), IsEmpty());
}

}  // namespace
}  // namespace strata::manager
