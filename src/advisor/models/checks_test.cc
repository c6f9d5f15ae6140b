#include "advisor/models/checks.h"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/models/model.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

using Numbers = std::vector<double>;

TEST(ClaimTest, NumbersAreReadFromEveryFormOfAClaim) {
  EXPECT_EQ(ClaimedNumbers(4.25), (Numbers{4.25}));
  EXPECT_EQ(ClaimedNumbers(Json::array({3.2, 4.1})), (Numbers{3.2, 4.1}));
  EXPECT_EQ(ClaimedNumbers(Json::object({{"C", 0.22}, {"S", 0.28}})), (Numbers{0.22, 0.28}));
  EXPECT_EQ(ClaimedNumbers("+25%"), (Numbers{25}));
  EXPECT_EQ(ClaimedNumbers("-40 %"), (Numbers{-40}));
  EXPECT_EQ(ClaimedNumbers("100 %"), (Numbers{100}));
}

TEST(ClaimTest, ASentenceHasNone) {
  EXPECT_EQ(ClaimedNumbers("0.5 % per ms"), std::nullopt);
  EXPECT_EQ(ClaimedNumbers("WASM starts fastest"), std::nullopt);
  EXPECT_EQ(ClaimedNumbers(Json::array({1, "two"})), std::nullopt);
}

TEST(ClaimTest, AValueIsHeldAgainstTheDigitsThatTheClaimHas) {
  EXPECT_TRUE(RoundsTo(12.16, 12.2));
  EXPECT_TRUE(RoundsTo(465.88, 466));
  EXPECT_TRUE(RoundsTo(-33.333, -33));
  EXPECT_FALSE(RoundsTo(28.65, 28));
  EXPECT_FALSE(RoundsTo(1.0326, 1.04));
  EXPECT_FALSE(RoundsTo(kUndefined, 1));
}

TEST(ClaimTest, ZerosThatEndALargeNumberAreNoDigits) {
  EXPECT_TRUE(RoundsTo(447'213'595, 447'000'000));
  EXPECT_FALSE(RoundsTo(5'656'854, 1'800'000));
  EXPECT_FALSE(RoundsTo(1976, 1980));
}

class ChecksTest : public ::testing::Test {
 protected:
  static Json CheckWith(const Json& claimed, const Json& agrees) {
    return {{"id", "c"}, {"claimed", claimed}, {"recomputed", "text"}, {"agrees", agrees}};
  }
  Judged Judge(const Json& check, std::vector<Check> checks) {
    fact_ = {{"checks", {check}}};
    Model model;
    model.checks = std::move(checks);
    Outputs outputs;
    outputs.Add("y", 2.04);
    return JudgeChecks(fact_, model, outputs).front();
  }
  Json fact_;
};

TEST_F(ChecksTest, WhatIsComputedDecidesWhateverTheFactSays) {
  const Judged judged = Judge(CheckWith(2.0, false), {{"c", {"y"}, {}}});
  EXPECT_EQ(judged.verdict, Verdict::kAgrees);
  EXPECT_TRUE(judged.computed);
  EXPECT_EQ(Judge(CheckWith(2.1, true), {{"c", {"y"}, {}}}).verdict, Verdict::kDisagrees);
}

TEST_F(ChecksTest, WhatNeedsInputsThatNobodyGivesStaysNotComputable) {
  const Judged judged = Judge(CheckWith(2.04, nullptr), {{"c", {"y"}, {}}});
  EXPECT_EQ(judged.verdict, Verdict::kNotComputable);
  EXPECT_FALSE(judged.computed);
  EXPECT_EQ(judged.recomputed.front().value, 2.04);
}

TEST_F(ChecksTest, WithoutARuleTheFactsWordStands) {
  EXPECT_EQ(Judge(CheckWith("so", true), {}).verdict, Verdict::kAgrees);
  const Judged sentence = Judge(CheckWith("so", false), {{"c", {"y"}, {}}});
  EXPECT_EQ(sentence.verdict, Verdict::kDisagrees);
  EXPECT_FALSE(sentence.computed);
  EXPECT_EQ(sentence.recomputed.size(), 1U);
}

TEST_F(ChecksTest, ARuleOfItsOwnDecidesASentence) {
  const Judged judged = Judge(CheckWith("y is above 2", false),
                              {{"c", {"y"}, [](const Outputs& out) { return out["y"] > 2; }}});
  EXPECT_EQ(judged.verdict, Verdict::kAgrees);
  EXPECT_TRUE(judged.computed);
}

}  // namespace
}  // namespace strata::advisor::models
