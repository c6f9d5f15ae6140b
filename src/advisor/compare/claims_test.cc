#include "advisor/compare/claims.h"

#include <gtest/gtest.h>

#include "advisor/compare/values.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

TEST(ClaimsTest, EveryReferenceOfARowLeadsToAFact) {
  int found = 0;
  for (const measure::Row& row : measure::Rows()) {
    for (const std::string_view reference : row.claims) {
      if (reference.empty()) continue;
      const auto claim = FindClaim(reference, model::Class::kWasm);
      ASSERT_TRUE(claim.has_value()) << row.id << ": " << reference;
      EXPECT_FALSE(claim->source.empty());
      ++found;
    }
  }
  EXPECT_GT(found, 15);
}

TEST(ClaimsTest, AClassHasItsConceptsCellAndItsTiers) {
  const auto cell = FindClaim("matrices startup cold_start", model::Class::kAppkernel);
  EXPECT_EQ(RangeOf(cell->cell)->most, 100);
  EXPECT_EQ(cell->source, "001 §3.5 (matrices.yaml)");
  const auto tier = FindClaim("tier_overheads startup", model::Class::kContainer);
  EXPECT_EQ(RangeOf(tier->cell)->least, 1000);
  EXPECT_EQ(
      RangeOf(FindClaim("technology_performance startup", model::Class::kContainer)->cell)->most,
      2000);
  EXPECT_FALSE(FindClaim("technology_performance startup", model::Class::kMicrovm).has_value());
}

TEST(ClaimsTest, ATargetOfThePlatformIsThatOfEachClass) {
  const auto p99 = FindClaim("models platform_2026_targets p99_latency", model::Class::kMicrovm);
  EXPECT_EQ(RangeOf(p99->cell)->most, 20);
  EXPECT_EQ(p99->source, "002 B§4.1 (models.yaml)");
}

// How many machines a cluster may have is no density; how many pods one of them has is.
TEST(ClaimsTest, AFigureWithoutAUnitIsNoClaimOfASandbox) {
  EXPECT_FALSE(FindClaim("technology_attributes nodes", model::Class::kContainer).has_value());
  const auto pods = FindClaim("technology_attributes nodes", model::Class::kWasm);
  ASSERT_TRUE(pods.has_value());
  EXPECT_EQ(RangeOf(pods->cell)->least, 3000);
  EXPECT_EQ(pods->source, "003 §00.4.1 (versions.yaml), WasmEdge");
}

TEST(ClaimsTest, ATargetIsOfNoClass) {
  const auto epoll = FindClaim("quick_reference high_concurrency_network", std::nullopt);
  EXPECT_EQ(RangeOf(epoll->cell)->least, 100);
  EXPECT_EQ(RangeOf(epoll->cell)->unit, "ns");
  const auto policy = FindClaim("quick_reference policy_execution", std::nullopt);
  EXPECT_EQ(RangeOf(policy->cell)->most, 1);
  EXPECT_FALSE(RangeOf(policy->cell)->least.has_value());
  EXPECT_FALSE(FindClaim("matrices startup cold_start", std::nullopt).has_value());
}

}  // namespace
}  // namespace strata::advisor
