#include "advisor/compare/values.h"

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

Text Shown(const char* cell) { return ValueCell(Json::parse(cell)).text; }

TEST(ValuesTest, CellsReadAsPeopleWriteThem) {
  EXPECT_EQ(Shown(R"({"min": 10, "max": 60, "unit": "s", "raw": "10-60秒"})"),
            (Text{"10-60 s", "10-60秒"}));
  EXPECT_EQ(Shown(R"({"max_exclusive": 1, "unit": "MB", "raw": "<1MB"})"),
            (Text{"< 1 MB", "<1MB"}));
  EXPECT_EQ(Shown(R"({"min": 100000, "max": null, "unit": "instances/host"})").en,
            "100000+ instances/host");
  EXPECT_EQ(Shown(R"({"raw": "~60MB", "value": 60, "unit": "MB", "approx": true})").en, "~60 MB");
  EXPECT_EQ(Shown(R"({"level": "high", "zh": "高", "min": 512, "max": 4096, "unit": "MB"})").en,
            "high (512-4096 MB)");
  EXPECT_EQ(Shown(R"({"level": "low", "order_of_magnitude": "KB", "raw": "低（KB级）"})"),
            (Text{"low (KB)", "低（KB级）"}));
  EXPECT_EQ(Shown(R"({"stars": 4})").en, "★★★★☆");
  EXPECT_EQ(Shown(R"({"list": ["KVM", "Xen"]})").en, "KVM, Xen");
  EXPECT_EQ(Shown(R"({"value": "partial", "zh": "部分"})"), (Text{"partial", "部分"}));
  EXPECT_EQ(Shown(R"({"value": null, "raw": "N/A", "zh": "不适用"})"), (Text{"N/A", "不适用"}));
  EXPECT_EQ(Shown(R"({"raw": "1-10000+", "min": 1, "max": 10000, "more": true})").en, "1-10000+");
  EXPECT_EQ(Shown("null").en, "");
}

TEST(ValuesTest, ProgramsGetNumbers) {
  EXPECT_EQ(ValueCell(Json::parse(R"({"min": 1, "max": 2, "unit": "s", "raw": "1-2s"})")).value,
            Json::parse(R"({"min": 1, "max": 2, "unit": "s"})"));
  EXPECT_EQ(ValueCell(Json::parse(R"({"stars": 4})")).value, 4);
}

TEST(ValuesTest, ProgramsGetAllThatACellStatesInFigures) {
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    for (const Json& row : matrix.at("rows")) {
      for (const Json& cell : row) {
        const Json value = ValueCell(cell).value;
        if (!value.is_object()) continue;
        for (const auto& [key, stated] : cell.items()) {
          if (key == "raw" || key == "zh") continue;  // are the text
          EXPECT_EQ(value.value(key, Json()), stated) << cell;
        }
      }
    }
  }
}

TEST(ValuesTest, EveryCellOfTheMatricesSaysSomething) {
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    for (const Json& row : matrix.at("rows")) {
      for (const Json& cell : row) EXPECT_FALSE(ValueCell(cell).text.empty()) << cell;
    }
  }
}

TEST(ValuesTest, RangesAreInOneUnit) {
  const auto range = RangeOf(Json::parse(R"({"min": 0.5, "max": 2, "unit": "s"})"));
  ASSERT_TRUE(range);
  EXPECT_EQ(range->least, 500);
  EXPECT_EQ(range->most, 2000);
  EXPECT_EQ(range->unit, "ms");
  EXPECT_EQ(range->Side(499), -1);
  EXPECT_EQ(range->Side(500), 0);
  EXPECT_EQ(range->Side(2001), 1);
  EXPECT_EQ(RangeOf(Json::parse(R"({"min": 100000, "max": null, "unit": "x"})"))->Side(1e9), 0);
  EXPECT_FALSE(RangeOf(Json::parse(R"({"value": "slow", "zh": "慢"})")));
}

// What the facts say of each stated ordering is recomputed from the cells.
TEST(ValuesTest, EveryOrderingIsCheckedAgainstItsCells) {
  int checked = 0;
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    if (!matrix.contains("orderings")) continue;
    for (const Json& ordering : matrix.at("orderings")) {
      if (!ordering.contains("check_against_cells")) continue;
      for (const auto& [name, bound] :
           {std::pair{"by_min", Bound::kLeast}, std::pair{"by_max", Bound::kMost}}) {
        const Json& stated = ordering.at("check_against_cells").at(name);
        const OrderCheck check = CheckOrder(matrix, ordering, bound);
        EXPECT_EQ(check.holds, stated.at("holds")) << ordering.at("id") << name;
        EXPECT_EQ(check.strict, stated.at("strict")) << ordering.at("id") << name;
        if (stated.contains("ties")) {
          EXPECT_EQ(Json(check.ties), stated.at("ties")) << ordering.at("id") << name;
        }
        if (stated.contains("violations")) {
          EXPECT_EQ(Json(check.violations), stated.at("violations")) << ordering.at("id") << name;
        }
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 12);
}

// So is what they say of who has most stars.
TEST(ValuesTest, EveryStatementOfStarsIsCheckedAgainstItsCells) {
  int checked = 0;
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    for (const Json& statement : matrix.value("statements", Json::array())) {
      if (!statement.contains("check_against_cells")) continue;
      const Json& stated = statement.at("check_against_cells");
      const BestCheck check = CheckBest(matrix, statement);
      EXPECT_EQ(check.holds, stated.at("holds")) << statement.at("id");
      EXPECT_EQ(check.strict, stated.at("strict")) << statement.at("id");
      EXPECT_EQ(Json(check.others), stated.at("others_reaching_the_lowest_of_best"))
          << statement.at("id");
      ++checked;
    }
  }
  EXPECT_EQ(checked, 10);
}

TEST(ValuesTest, WhoHasMoreStarsThanTheBestContradictsTheStatement) {
  const Json matrix = Json::parse(R"({"rows": {
      "a": {"edge": {"stars": 4}}, "b": {"edge": {"stars": 5}}, "c": {"edge": {"stars": 3}}}})");
  const Json statement = Json::parse(R"({"id": "edge", "best": ["a"]})");
  const BestCheck check = CheckBest(matrix, statement);
  EXPECT_FALSE(check.holds);
  EXPECT_FALSE(check.strict);
  EXPECT_EQ(check.others, std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace strata::advisor
