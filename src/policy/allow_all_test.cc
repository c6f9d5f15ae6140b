#include "policy/allow_all.h"

#include <memory>

#include <gtest/gtest.h>

namespace strata::policy {
namespace {

TEST(AllowAllTest, AllowsWithExactlyTheDeclaredGrants) {
  model::Grants grants;
  grants.http.push_back({"api.example.com", 443});
  Facts facts;
  facts.tenant = "shop";
  facts.declared = std::make_shared<const model::Grants>(grants);
  AllowAll authorizer;
  const Decision decision = authorizer.Decide(facts);
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_EQ(decision.grants, facts.declared);
  EXPECT_EQ(*decision.grants, grants);
}

TEST(AllowAllTest, ADecisionThatNobodyFilledInDenies) {
  const Decision decision;
  EXPECT_EQ(decision.verdict, Verdict::kDeny);
  EXPECT_EQ(decision.grants, nullptr);
}

}  // namespace
}  // namespace strata::policy
