// Every model of the facts: that it is there, that its parameters are sound, and that each of its
// fact's checks comes out as the facts say, to the digits that they have.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/models/report.h"
#include "advisor/models/run.h"
#include "advisor/report/render.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "advisor/units.h"
#include "base/random.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

// Checks whose figures are counts of ours, or of assumptions of ours: the facts have no number to
// hold them against.
const std::set<std::string> kOwnFigures = {
    "architecture_advantage.theorem_1_1",  "implementation_stage.well_defined",
    "milestone_status.theorem_4_1",        "evolution_function.complete",
    "expected_utility.utilities",          "theorem_value.derivable",
    "startup_contract.container_vs_table", "startup_contract.wasm_vs_case"};

// Checks of which the facts have the figures in the note.
const std::set<std::string> kInTheNote = {"platform_2026_targets.density_feasible",
                                          "optimal_mix.argmax"};

std::vector<double> NumbersIn(std::string text) {
  text = std::regex_replace(text, std::regex("(\\d) (\\d{3})"), "$1$2");  // 100 000
  const std::regex number("-?\\d+(\\.\\d+)?");
  std::vector<double> numbers;
  for (std::sregex_iterator at(text.begin(), text.end(), number), end; at != end; ++at) {
    numbers.push_back(std::stod(at->str()));
  }
  return numbers;
}

// As RoundsTo; of a claim that does not agree also to four significant digits, with fewer only
// where the figure itself has no more.
bool IsFactsFigure(double value, double said, Verdict verdict) {
  constexpr double kExact = 1e-9;
  if (!RoundsTo(value, said)) return false;
  if (verdict != Verdict::kDisagrees || std::fabs(value - said) <= kExact) return true;
  const double fourth = std::pow(10, std::floor(std::log10(std::fabs(value))) - 3);
  return std::fabs(value - said) <= fourth / 2 + kExact;  // a tie rounds either way
}

// What a parameter may be set to: its bounds, some of what is between them, all levels of a choice.
std::vector<double> ValuesOf(const Parameter& parameter) {
  const Kind& kind = parameter.kind;
  const bool whole = kind.numbers == Numbers::kWhole || !parameter.levels.empty();
  std::vector<double> values{parameter.value, kind.low, kind.high};
  for (const double value : {-1.0, 0.0, 0.5, 1.0, 2.0, 600.0, 1000.0}) {
    const bool exists = !whole || value == std::round(value);
    if (exists && value >= kind.low && value <= kind.high) values.push_back(value);
  }
  return values;
}

std::string SettingOf(const Parameter& parameter, double value) {
  return parameter.name + "=" +
         (parameter.levels.empty()
              ? fmt::format("{}", value)
              : std::string(parameter.levels[static_cast<std::size_t>(value)]));
}

class EachModelTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  // The whole answer, its plots drawn.
  void IsShown(const std::vector<std::string>& settings) const {
    const auto run = Ask({.model = id_, .set = settings, .draws = 20});
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_EQ(run->outputs.all().size(), outputs_.all().size());
    const Report report = ReportOf(*run);
    EXPECT_FALSE(RenderTable(report, Language::kEnglish).empty());
    const std::string svg = RenderSvg(report, Language::kEnglish);
    for (const char* none : {"\"nan", "\"inf", "\"-inf", "\"-nan", ",nan", ",inf", ",-inf"}) {
      EXPECT_EQ(svg.find(none), std::string::npos) << Listed(settings, " ");
    }
  }

  const Json& fact_ = ModelFacts().at(GetParam());
  const std::string id_ = fact_.at("id").get<std::string>();
  const Model model_ = MakeModel(fact_);
  const Outputs outputs_ = model_.evaluate(Inputs(model_.parameters));
};

TEST_P(EachModelTest, ParametersAreSoundAndHaveAnOrigin) {
  std::set<std::string> names;
  for (const Parameter& parameter : model_.parameters) {
    EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
    EXPECT_EQ(parameter.name.find_first_of(" ='\""), std::string::npos) << parameter.name;
    EXPECT_GE(parameter.value, parameter.kind.low) << parameter.name;
    EXPECT_LE(parameter.value, parameter.kind.high) << parameter.name;
    EXPECT_NE(parameter.source.empty(), parameter.assumed.empty()) << parameter.name;
    EXPECT_TRUE(parameter.kind.unit == "year" ||
                Convert(1, parameter.kind.unit, parameter.kind.unit == "" ? "%" : "").has_value() ==
                    (parameter.kind.unit == "" || parameter.kind.unit == "%"))
        << parameter.kind.unit;
  }
}

TEST_P(EachModelTest, ItHasOutputsOfDifferentNames) {
  std::set<std::string> names;
  ASSERT_FALSE(outputs_.all().empty());
  for (const Output& output : outputs_.all()) {
    EXPECT_TRUE(names.insert(output.name).second) << output.name;
  }
}

TEST_P(EachModelTest, ItsRulesAreOfChecksThatTheFactHas) {
  for (const Check& check : model_.checks) {
    CheckOf(fact_, check.id);
    for (const std::string& name : check.outputs) EXPECT_EQ(outputs_.at(name).name, name);
  }
}

TEST_P(EachModelTest, EveryCheckComesOutAsTheFactsSay) {
  const std::vector<Judged> all = JudgeChecks(fact_, model_, outputs_);
  ASSERT_EQ(all.size(), fact_.at("checks").size());
  for (const Judged& judged : all) {
    const Json& agrees = judged.check->at("agrees");
    const Verdict expected = agrees.is_null()     ? Verdict::kNotComputable
                             : agrees.get<bool>() ? Verdict::kAgrees
                                                  : Verdict::kDisagrees;
    EXPECT_EQ(judged.verdict, expected) << judged.check->at("id");
  }
}

TEST_P(EachModelTest, WhatIsRecomputedIsWhatTheFactsHaveToTheirDigits) {
  for (const Judged& judged : JudgeChecks(fact_, model_, outputs_)) {
    const Json& check = *judged.check;
    const Json& recomputed = check.at("recomputed");
    const std::string id = id_ + "." + check.at("id").get<std::string>();
    if (const auto numbers = ClaimedNumbers(recomputed); numbers && !judged.recomputed.empty()) {
      ASSERT_EQ(numbers->size(), judged.recomputed.size()) << id;
      for (std::size_t i = 0; i < numbers->size(); ++i) {
        EXPECT_TRUE(IsFactsFigure(judged.recomputed[i].value, (*numbers)[i], judged.verdict))
            << id << ": " << judged.recomputed[i].value << " and " << (*numbers)[i];
      }
      continue;
    }
    if (kOwnFigures.contains(id)) continue;
    const bool in_note = kInTheNote.contains(id);
    std::vector<double> said =
        NumbersIn(recomputed.dump() + (in_note ? " " + check.value("note", "") : ""));
    for (const Output& figure : judged.recomputed) {
      if (!figure.levels.empty()) continue;
      const auto number = std::ranges::find_if(said, [&figure, &judged](double each) {
        // "-98 %" is a reduction of 98 %
        return IsFactsFigure(figure.value, each, judged.verdict) ||
               IsFactsFigure(-figure.value, each, judged.verdict);
      });
      ASSERT_NE(number, said.end()) << id << ": " << figure.name << " is " << figure.value;
      said.erase(number);  // a number of the facts vouches for one figure
    }
  }
}

TEST_P(EachModelTest, ItWithstandsAnyParameterAtAnyOfItsValues) {
  for (const Parameter& parameter : model_.parameters) {
    for (const double value : ValuesOf(parameter)) {
      IsShown({SettingOf(parameter, value)});
    }
  }
}

TEST_P(EachModelTest, ItWithstandsAllParametersAtAnyOfTheirValuesAtOnce) {
  SeededRandom random(20261127);
  for (int n = 0; n < 100; ++n) {
    std::vector<std::string> settings;
    for (const Parameter& parameter : model_.parameters) {
      const std::vector<double> values = ValuesOf(parameter);
      settings.push_back(SettingOf(parameter, values[random.Below(values.size())]));
    }
    IsShown(settings);
  }
}

TEST_P(EachModelTest, ItWithstandsDrawsThatAreAsWideAsTheyMayBe) {
  Question question{.model = id_, .draws = 500, .seed = 20261127};
  question.spread = 1;
  const auto run = Ask(question);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->uncertain.size(), outputs_.all().size());
}

TEST_P(EachModelTest, AWholeNumberIsNeverTakenWithAFraction) {
  for (const Parameter& parameter : model_.parameters) {
    if (parameter.kind.numbers != Numbers::kWhole) continue;
    EXPECT_EQ(parameter.value, std::round(parameter.value)) << parameter.name;
    const auto run = Ask({.model = id_, .set = {parameter.name + "=1.5"}, .draws = 0});
    ASSERT_FALSE(run) << parameter.name;
    EXPECT_NE(run.error().message.find("whole number"), std::string::npos) << run.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Facts, EachModelTest, ::testing::Range<std::size_t>(0, 50),
                         [](const auto& info) {
                           return ModelFacts().at(info.param).at("id").template get<std::string>();
                         });

TEST(ModelsTest, ThereAreFiftyAndNoneIsLeftOut) {
  EXPECT_EQ(ModelFacts().size(), 50U);
  std::size_t made = 0;
  for (const auto group : {Economics(), Dynamics(), Evolution(), Scores(), Capacity(), Contracts(),
                           Architecture(), Figures()}) {
    made += group.size();
  }
  EXPECT_EQ(made, 50U);
}

TEST(ModelsTest, MostClaimsAreComputedAndNotTakenOnTheFactsWord) {
  std::size_t judged = 0;
  std::size_t computed = 0;
  for (const Json& fact : ModelFacts()) {
    const Model model = MakeModel(fact);
    for (const Judged& each : JudgeChecks(fact, model, model.evaluate(Inputs(model.parameters)))) {
      judged += each.verdict == Verdict::kNotComputable ? 0 : 1;
      computed += each.computed ? 1 : 0;
    }
  }
  EXPECT_GE(computed + 2, judged);  // "six values computed with the root", "exponential above 0.5"
}

TEST(ModelsTest, DriversAreDrawnInTheFactsWords) {
  const Model model = MakeModel(**FindModel("drivers_resistance"));
  const auto plot = std::get<BarPlot>(model.plot(Inputs(model.parameters)));
  ASSERT_EQ(plot.bars.size(), 4U);
  EXPECT_EQ(plot.bars[1].label, (Text{"security", "安全"}));
}

TEST(ModelsTest, TheGoalOfAStageIsTheFacts) {
  const Json& fact = **FindModel("stage_goal");
  const Model model = MakeModel(fact);
  for (const auto& [stage, what] : fact.at("parameters").items()) {
    const auto run = Ask({.model = "stage_goal", .set = {"stage=" + stage}, .draws = 0});
    ASSERT_TRUE(run) << stage;
    const Output& goal = run->outputs.all().at(0);
    EXPECT_EQ(goal.levels[static_cast<std::size_t>(goal.value)], what.at("goal").get<std::string>())
        << stage;
  }
}

TEST(ModelsTest, TheTruthTablesOfTheFactsAreThoseOfTheModels) {
  const Json& atomicity = **FindModel("atomicity");
  const Model model = MakeModel(atomicity);
  const std::vector<std::string> levels{"Low", "Medium", "High"};
  const auto level = [&levels](const Json& name) {
    return static_cast<double>(std::ranges::find(levels, name.get<std::string>()) - levels.begin());
  };
  for (const Json& row : atomicity.at("parameters").at("truth_table_single_responsibility_true")) {
    Inputs inputs(model.parameters);
    inputs.Set(0, 1);
    inputs.Set(1, level(row.at("cohesion")));
    inputs.Set(2, level(row.at("coupling")));
    EXPECT_EQ(model.evaluate(inputs)["atomicity.wasm"], row.at("value").get<double>()) << row;
  }
  const Json& composability = **FindModel("composability");
  const Model composed = MakeModel(composability);
  for (const Json& row : composability.at("parameters").at("truth_table")) {
    Inputs inputs(composed.parameters);
    inputs.Set(0, row.at("reusable").get<bool>() ? 1 : 0);
    inputs.Set(1, row.at("interface_standardized").get<bool>() ? 1 : 0);
    EXPECT_EQ(composed.evaluate(inputs)["composability"], row.at("value").get<double>()) << row;
  }
}

}  // namespace
}  // namespace strata::advisor::models
