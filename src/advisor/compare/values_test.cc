#include "advisor/compare/values.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

Json Shown(const std::vector<OrderPair>& pairs) {
  Json shown = Json::array();
  for (const OrderPair& each : pairs) {
    const bool tie = each.left_says.empty();
    shown.push_back(tie ? each.left + " = " + each.right
                        : each.left + " " + each.left_says.en + " vs " + each.right + " " +
                              each.right_says.en);
  }
  return shown;
}

const Json& OrderingOf(const char* matrix, const char* id) {
  const Json& all = Facts(FactFile::kMatrices).at("matrices");
  return *FindFact(FindFact(all, matrix)->at("orderings"), id);
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
        const Json& of = *FindFact(Facts(FactFile::kMatrices).at("matrices"),
                                   ordering.value("of", matrix.at("id").get<std::string>()));
        const OrderCheck check = CheckOrder(of, ordering, bound);
        EXPECT_EQ(check.holds, stated.at("holds")) << ordering.at("id") << name;
        EXPECT_EQ(check.strict, stated.at("strict")) << ordering.at("id") << name;
        if (stated.contains("ties")) {
          EXPECT_EQ(Shown(check.ties), stated.at("ties")) << ordering.at("id") << name;
        }
        if (stated.contains("violations")) {
          EXPECT_EQ(Shown(check.violations), stated.at("violations")) << ordering.at("id") << name;
        }
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 22) << "eleven orderings, of figures and of words, by both bounds";
}

// The other two are of what no cell has an amount of: they contradict each other.
TEST(ValuesTest, AnOrderingWithoutAmountsIsHeldAgainstTheOtherOne) {
  int held = 0;
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    for (const Json& ordering : matrix.value("orderings", Json::array())) {
      EXPECT_NE(ordering.contains("column"), ordering.contains("contradicts")) << ordering.at("id");
      if (!ordering.contains("contradicts")) continue;
      ++held;
      const Json& stated = ordering.at("contradicts");
      const Json& other = OrderingOf(stated.at("matrix").get_ref<const std::string&>().c_str(),
                                     stated.at("ordering").get_ref<const std::string&>().c_str());
      Json pairs = Json::array();
      for (const OrderPair& each : Contradictions(ordering, other)) {
        pairs.push_back(each.left + ", " + each.right);
      }
      EXPECT_EQ(pairs, stated.at("pairs")) << ordering.at("id");
      EXPECT_TRUE(Contradictions(ordering, ordering).empty());
    }
  }
  EXPECT_EQ(held, 2);
}

// Where a document says the levels with an ordering, the cells have the same.
TEST(ValuesTest, TheLevelsOfAnOrderingAreInItsOrder) {
  const Json& granularity = OrderingOf("isolation", "isolation_granularity");
  const Json& rows = FindFact(Facts(FactFile::kMatrices).at("matrices"), "isolation")->at("rows");
  int step = 0;
  for (const Json& id : granularity.at("order")) {
    const std::string level = granularity.at("levels").at(id.get<std::string>());
    const Json& cell = rows.at(id.get<std::string>()).at("isolation_granularity");
    EXPECT_EQ(cell.at("value"), level + "-grained");
    EXPECT_LT(std::exchange(step, *StepOf(cell)), *StepOf(cell)) << id;
  }
  const Json& overhead = OrderingOf("isolation", "performance_overhead");
  step = 6;
  for (const Json& id : overhead.at("order")) {
    const auto level = StepOf({{"value", overhead.at("levels").at(id.get<std::string>())}});
    ASSERT_TRUE(level) << id;
    EXPECT_GT(std::exchange(step, *level), *level) << id;
  }
}

TEST(ValuesTest, WordsAreInOrderAndWhatIsNoAmountHasNone) {
  const auto step = [](const char* word) { return StepOf({{"value", word}}); };
  EXPECT_LT(step("very low"), step("low"));
  EXPECT_LT(step("low"), step("medium"));
  EXPECT_LT(step("medium"), step("high"));
  EXPECT_LT(step("high"), step("very high"));
  EXPECT_LT(step("slow"), step("medium"));
  EXPECT_LT(step("medium"), step("fast"));
  EXPECT_EQ(StepOf({{"stars", 4}}), 4);
  EXPECT_EQ(step("kernel namespaces"), std::nullopt);
  EXPECT_EQ(StepOf({{"list", {"KVM"}}}), std::nullopt);
  EXPECT_EQ(StepOf(nullptr), std::nullopt);
}

TEST(ValuesTest, WordsThatAreTheOtherWayRoundAreAViolation) {
  const Json matrix = Json::parse(R"({"rows": {"a": {"x": {"value": "medium", "zh": "中"}},
      "b": {"x": {"value": "low", "zh": "低"}}, "c": {"x": {"value": "low", "zh": "低"}}}})");
  const Json ordering =
      Json::parse(R"({"column": "x", "direction": "ascending", "order": ["a", "b", "c"]})");
  const OrderCheck check = CheckOrder(matrix, ordering, Bound::kMost);
  EXPECT_FALSE(check.holds);
  EXPECT_EQ(Shown(check.violations), Json::array({"a medium vs b low"}));
  EXPECT_EQ(check.violations.front().left_says.zh, "中");
  EXPECT_EQ(Shown(check.ties), Json::array({"b = c"}));
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
