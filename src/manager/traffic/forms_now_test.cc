#include "manager/traffic/forms_now.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/testing.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FormsNowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = store::Store::Open(home_.path(), clock_, random_);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_ = std::move(*store);
    forms_ = std::make_unique<FormsNow>(*store_, rollouts_);
  }

  void Apply(const store::NewResource& wanted) {
    const auto applied = store_->Apply(std::span(&wanted, 1));
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
  }

  // Two revisions of "f" in one tenant, one of "g" there and of "f" in another.
  void DeploySome() {
    Apply(store::FunctionOf("f", "/f"));
    Apply(store::FunctionOf("f", "/f", "shop", 'b'));
    Apply(store::FunctionOf("g", "/g"));
    Apply(store::FunctionOf("f", "/park", "park"));
  }

  // "tenant/name@revision" of all that workloads are now.
  std::vector<std::string> Now() {
    std::vector<std::string> names;
    const auto all = forms_->AllNow();
    EXPECT_TRUE(all.has_value());
    for (const model::Revision& each : *all) names.push_back(each.ToString());
    return names;
  }

  const testing::TempDir home_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<store::Store> store_;
  FormsNow::Rollouts rollouts_;
  std::unique_ptr<FormsNow> forms_;
};

TEST_F(FormsNowTest, AWorkloadIsItsNewestRevisionOrWhatARolloutMadeOfIt) {
  DeploySome();
  EXPECT_THAT(Now(), ElementsAre("park/f@1", "shop/f@2", "shop/g@1"));
  model::Rollout back;
  back.stable = {.revision = 1};
  back.state = model::Rollout::State::kRolledBack;
  back.both = false;
  rollouts_.emplace(FormsNow::Name("shop", "f"), back);
  EXPECT_THAT(Now(), ElementsAre("park/f@1", "shop/f@1", "shop/g@1"));
}

TEST_F(FormsNowTest, TheNewestOfATenantAreReadAtOnce) {
  DeploySome();
  const auto newest = forms_->ReadNewest("shop");
  ASSERT_TRUE(newest.has_value());
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ(newest->at({"shop", "f"}).number, 2U);
  EXPECT_EQ(newest->at({"shop", "g"}).number, 1U);
}

TEST_F(FormsNowTest, WhatWasReadAtOnceIsNotAskedForAgain) {
  DeploySome();
  auto newest = forms_->ReadNewest();
  ASSERT_TRUE(newest.has_value());
  newest->at({"shop", "f"}).artifact_digest = "as it was read";
  for (const model::Target& target : {model::Target{}, model::Target{.revision = 2}}) {
    const auto form = forms_->Of("shop", {"f", 1, target}, &*newest);
    ASSERT_TRUE(form.has_value() && form->has_value());
    EXPECT_EQ((*form)->revision.artifact_digest, "as it was read");
    EXPECT_EQ((*form)->target, target);
  }
  const auto gone = forms_->Of("shop", {"h", 1, {}}, &*newest);
  ASSERT_TRUE(gone.has_value());
  EXPECT_FALSE(gone->has_value());
  // What is older was not read.
  const auto older = forms_->Of("shop", {"f", 1, {.revision = 1}}, &*newest);
  ASSERT_TRUE(older.has_value() && older->has_value());
  EXPECT_EQ((*older)->revision.artifact_digest, store::DigestOf('a'));
}

TEST_F(FormsNowTest, AClassTakesTheVariantThatRunsInIt) {
  store::NewResource wanted = store::FunctionOf("f", "/f");
  wanted.variants = {{model::VariantKind::kWasm, store::DigestOf('a')},
                     {model::VariantKind::kImage, store::DigestOf('b')}};
  Apply(wanted);
  const auto form = forms_->Of("shop", {"f", 1, {.sandbox_class = model::Class::kContainer}});
  ASSERT_TRUE(form.has_value() && form->has_value());
  EXPECT_EQ((*form)->revision.artifact_digest, store::DigestOf('b'));
  EXPECT_EQ((*form)->revision.placement->sandbox_class, model::Class::kContainer);
}

TEST_F(FormsNowTest, EveryFormIsThereOnceHoweverManyRoutesLeadToIt) {
  EXPECT_THAT(*forms_->All(), IsEmpty());
  DeploySome();
  Apply(store::RouteOf("old", "/old", {{"f", 1, {.revision = 1}}, {"g", 1}}));
  Apply(store::RouteOf("older", "/older", {{"f", 1, {.revision = 1}}}));
  std::vector<std::string> names;
  const auto forms = forms_->All();
  ASSERT_TRUE(forms.has_value());
  for (const Form& each : *forms) {
    names.push_back(each.revision.ToString() + each.target.ToString());
  }
  EXPECT_THAT(names, ElementsAre("park/f@1", "shop/f@2", "shop/g@1", "shop/f@1@1"));
}

}  // namespace
}  // namespace strata::manager
