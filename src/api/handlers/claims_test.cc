#include "manager/placing/claims.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "advisor/compare/claims.h"
#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"
#include "model/values.h"

namespace strata::manager {
namespace {

using model::Class;

// The manager may not include the advisor, whose facts are the documents' figures. Here both are.
void ExpectClaimed(const Json& range, const char* reference, Class sandbox_class) {
  const auto claim = advisor::FindClaim(reference, sandbox_class);
  ASSERT_TRUE(claim.has_value()) << reference;
  const auto fact = advisor::RangeOf(claim->cell);
  ASSERT_TRUE(fact.has_value()) << reference;
  EXPECT_EQ(range["min"], *fact->least) << reference << ' ' << model::ClassName(sandbox_class);
  EXPECT_EQ(range["max"], *fact->most) << reference << ' ' << model::ClassName(sandbox_class);
}

TEST(ManagerClaimsTest, WhatIsClaimedOfAClassIsWhatTheFactsSay) {
  for (const Class each : model::kClasses) {
    const Json claim = ClaimOf(each);
    const bool is_machine = each >= Class::kMicrovm;
    ExpectClaimed(claim["cold_start_ms"],
                  is_machine ? "tier_overheads startup" : "matrices startup cold_start", each);
    ExpectClaimed(claim["memory_mib"],
                  is_machine ? "tier_overheads memory" : "matrices performance memory", each);
  }
}

TEST(ManagerClaimsTest, WhatIsClaimedOfPredictionsIsWhatTheFactsSay) {
  const Json& mappings = advisor::Facts(advisor::FactFile::kVersions)["mappings"];
  const Json* fact = advisor::FindFact(mappings, "psi2");
  ASSERT_NE(fact, nullptr);
  const Json claim = ClaimOfPredictions();
  const auto percent = [](const Json& share) {
    return std::to_string(std::lround(100 * share.get<double>())) + " %";
  };
  const Json& now = fact->at("new");
  EXPECT_TRUE(now["claim"].get<std::string>().starts_with(percent(claim["explained"]))) << now;
  EXPECT_EQ(now["error"], "< " + percent(claim["error"]));
}

}  // namespace
}  // namespace strata::manager
