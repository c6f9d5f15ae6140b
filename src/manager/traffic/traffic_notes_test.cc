#include "manager/traffic/traffic_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using model::Backend;
using State = model::Rollout::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// From revision 1 to the newest.
model::Rollout RolloutOf() {
  model::Rollout rollout;
  rollout.name = "web";
  rollout.stable.revision = 1;
  rollout.steps = {10, 100};
  return rollout;
}

TEST(TrafficNotesTest, ARunningRolloutSharesTheTrafficOut) {
  const model::Rollout rollout = RolloutOf();
  EXPECT_EQ(TrafficNote(rollout),
            "10 % of its traffic goes to the newest revision, the rest to revision 1: a rollout is "
            "running; 'strata rollout status web' shows it");
  EXPECT_EQ(EndedNote(rollout),
            "ends its rollout, which had given 10 % of its traffic to the newest revision");
  EXPECT_THAT(ServingBackends(rollout),
              ElementsAre(Backend{"web", 90, {.revision = 1}}, Backend{"web", 10, {}}));
}

TEST(TrafficNotesTest, AfterARollbackTheNewestRevisionHasNothing) {
  model::Rollout rollout = RolloutOf();
  rollout.state = State::kRolledBack;
  rollout.because = "20 of 20 calls failed";
  EXPECT_EQ(TrafficNote(rollout),
            "all of its traffic goes to revision 1: rolled back: 20 of 20 calls failed; 'strata "
            "rollout start web --to REVISION' moves it");
  EXPECT_EQ(EndedNote(rollout),
            "takes its traffic from revision 1, where it was: rolled back: 20 of 20 calls failed");
  EXPECT_THAT(ServingBackends(rollout), ElementsAre(Backend{"web", 1, {.revision = 1}}));
}

TEST(TrafficNotesTest, WhatIsAsItWasPlacedIsNotWorthAWord) {
  model::Rollout rollout = RolloutOf();
  rollout.state = State::kPromoted;
  EXPECT_EQ(TrafficNote(rollout), "");
  EXPECT_EQ(EndedNote(rollout), "");
  EXPECT_THAT(ServingBackends(rollout), IsEmpty());
}

TEST(TrafficNotesTest, AnotherClassAndAnOverflowAreSaid) {
  model::Rollout rollout = RolloutOf();
  rollout.stable = {};
  rollout.canary.sandbox_class = model::Class::kContainer;
  rollout.state = State::kPromoted;
  rollout.because = "it does not do";
  EXPECT_EQ(TrafficNote(rollout),
            "all of its traffic goes to the newest revision in class container: promoted: it does "
            "not do");
  rollout.kept = 30;
  EXPECT_EQ(TrafficNote(rollout),
            "70 % of its traffic goes to the newest revision in class container, the rest to the "
            "newest revision: promoted: it does not do");
}

}  // namespace
}  // namespace strata::manager
