#include "advisor/models/run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/numerics/chance.h"
#include "advisor/numerics/ode.h"
#include "base/random.h"
#include "base/result.h"
#include "scheduler/simulate/quantiles.h"

namespace strata::advisor::models {
namespace {

using ::testing::HasSubstr;

ModelRun Asked(const Question& question) {
  auto run = Ask(question);
  EXPECT_TRUE(run) << run.error().message;
  return std::move(run).value_or(ModelRun());
}

double InputOf(const ModelRun& run, const std::string& name) {
  const auto found = std::ranges::find(run.model.parameters, name, &Parameter::name);
  return run.values.at(static_cast<std::size_t>(found - run.model.parameters.begin()));
}

const Judged& CheckNamed(const ModelRun& run, const std::string& id) {
  return *std::ranges::find_if(
      run.checks, [&id](const Judged& judged) { return judged.check->at("id") == id; });
}

TEST(AskTest, ParametersThatAreSetChangeTheFiguresAndTheVerdicts) {
  const ModelRun before = Asked({.model = "density", .draws = 0});
  EXPECT_NEAR(before.outputs["density.wasm"], 1980, 1e-9);
  const ModelRun after = Asked({.model = "density", .set = {"wasm.R=0.1"}, .draws = 0});
  EXPECT_NEAR(after.outputs["density.wasm"], 990, 1e-9);
  EXPECT_EQ(CheckNamed(before, "wasm").verdict, Verdict::kAgrees);
  EXPECT_EQ(CheckNamed(after, "wasm").verdict, Verdict::kDisagrees);
}

TEST(AskTest, AModelIsFoundByItsNameInEitherLanguage) {
  EXPECT_EQ(Asked({.model = "Net present value, IRR, payback", .draws = 0}).model.id, "npv");
  EXPECT_EQ(Asked({.model = "部署密度函数", .draws = 0}).model.id, "density");
}

TEST(AskTest, WhatIsUnknownIsRefusedWithTheNearest) {
  const auto refused = [](const Question& question, Errc code, const std::string& words) {
    const auto run = Ask(question);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, code);
    EXPECT_THAT(run.error().message, HasSubstr(words));
  };
  refused({.model = "markof"}, Errc::kNotFound, "did you mean 'markov'");
  refused({.model = "density", .set = {"wsm.R=1"}}, Errc::kNotFound, "wasm.R");
  refused({.model = "density", .of = "density.wsam"}, Errc::kNotFound, "density.wasm");
  refused({.model = "density", .draws = kMostDraws + 1}, Errc::kInvalidArgument, "at most");
  refused({.model = "density", .spread = -0.1}, Errc::kInvalidArgument, "spread");
}

TEST(AskTest, TheSameSeedDrawsTheSameAndAnotherOneDoesNot) {
  const Question question{.model = "tco", .draws = 100, .seed = 7};
  const std::vector<double> draws = Asked(question).draws;
  EXPECT_EQ(Asked(question).draws, draws);
  EXPECT_NE(Asked({.model = "tco", .draws = 100, .seed = 8}).draws, draws);
}

TEST(SensitivityTest, ASwingIsWhatOneParameterDoesAlone) {
  const ModelRun run = Asked({.model = "density", .of = "density.wasm", .spread = 0.2, .draws = 0});
  const auto swing = std::ranges::find_if(run.swings, [&run](const Swing& each) {
    return run.model.parameters[each.parameter].name == "wasm.R";
  });
  ASSERT_NE(swing, run.swings.end());
  EXPECT_NEAR(swing->values.low, 0.04, 1e-12);
  EXPECT_NEAR(swing->values.high, 0.06, 1e-12);
  EXPECT_NEAR(swing->at_low, 2475, 1e-9);
  EXPECT_NEAR(swing->at_high, 1650, 1e-9);
}

TEST(SensitivityTest, TheWidestSwingIsFirstAndWhatChangesNothingIsLeftOut) {
  const ModelRun run = Asked({.model = "density", .of = "density.wasm", .draws = 0});
  ASSERT_EQ(run.swings.size(), 3U);  // N, overhead and R of wasm
  for (std::size_t i = 1; i < run.swings.size(); ++i) {
    const auto width = [](const Swing& swing) { return std::fabs(swing.at_high - swing.at_low); };
    EXPECT_GE(width(run.swings[i - 1]), width(run.swings[i]));
  }
}

TEST(SensitivityTest, AnOutputThatIsDefinedAtOneEndAloneSwingsMost) {
  const ModelRun run = Asked({.model = "theorem_tipping", .draws = 0});
  ASSERT_FALSE(run.swings.empty());
  const Swing& first = run.swings.front();
  EXPECT_EQ(run.model.parameters[first.parameter].name, "wasm.growth");
  EXPECT_TRUE(std::isnan(first.at_low));  // without growth it never overtakes
  EXPECT_NEAR(first.at_high, 2025 + std::log2(24 / 12.2), 1e-9);
}

TEST(SensitivityTest, AChoiceSwingsOverAllItsLevels) {
  const ModelRun run = Asked({.model = "scheduling_strategy", .draws = 0});
  const auto security = std::ranges::find_if(run.swings, [&run](const Swing& each) {
    return run.model.parameters[each.parameter].name == "security_requirement";
  });
  ASSERT_NE(security, run.swings.end());
  EXPECT_NE(security->at_low, security->at_high);
}

TEST(UncertaintyTest, AUniformParameterIsUniformInWhatIsProportionalToIt) {
  const ModelRun run = Asked({.model = "ecommerce_cold_start", .of = "start", .draws = 20'000});
  const numerics::Summary& summary = run.uncertain[run.of].summary;
  EXPECT_NEAR(summary.mean, 15, 0.05);
  EXPECT_NEAR(summary.p05, 13.5 + 0.05 * 3, 0.05);
  EXPECT_NEAR(summary.p95, 16.5 - 0.05 * 3, 0.05);
  EXPECT_NEAR(summary.deviation, 3 / std::sqrt(12), 0.02);
}

TEST(UncertaintyTest, AChoiceComesUpByItsShare) {
  const ModelRun run = Asked({.model = "scheduling_strategy", .draws = 20'000});
  const std::vector<double>& shares = run.uncertain.front().shares;
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_NEAR(shares[0], 5.0 / 9, 0.01);          // security or compatibility high
  EXPECT_NEAR(shares[1], 4.0 / 9 / 3 / 2, 0.01);  // neither, performance high, a function
}

TEST(UncertaintyTest, WhatTheUserSetIsNoLongerWhollyUnknown) {
  const ModelRun run =
      Asked({.model = "tco",
             .set = {"infrastructure_cost=1", "operations_labour=1", "security_loss=1"},
             .spread = 0,
             .draws = 50});
  EXPECT_NEAR(run.uncertain.front().summary.deviation, 0, 1e-9);
  EXPECT_NEAR(run.uncertain.front().summary.mean, 68.846, 0.001);
}

TEST(UncertaintyTest, PartsOfAWholeAreDrawnAsItsMixes) {
  const ModelRun run = Asked({.model = "tco", .of = "total.container", .spread = 0, .draws = 5000});
  const auto total = [&run](const char* tier) {
    const auto& all = run.outputs.all();
    const auto at = std::ranges::find(all, std::string("total.") + tier, &Output::name);
    return run.uncertain.at(static_cast<std::size_t>(at - all.begin())).summary;
  };
  // Of a whole of 3, shared evenly on average: Dirichlet of ones has mean 1/3 and variance 1/18.
  EXPECT_NEAR(total("container").mean, 2.6, 0.05);
  const double mean = 2.6 / 3;
  const double variance =
      ((0.3 - mean) * (0.3 - mean) + (0.8 - mean) * (0.8 - mean) + (1.5 - mean) * (1.5 - mean)) /
      3 * 9 / 4;
  EXPECT_NEAR(total("container").deviation, std::sqrt(variance), 0.03);
  EXPECT_LE(run.draws.back(), 3 * 1.5);
  EXPECT_GE(run.draws.front(), 3 * 0.3);
  // One part that takes all leaves nothing to the others.
  const auto swing = std::ranges::find_if(run.swings, [&run](const Swing& each) {
    return run.model.parameters[each.parameter].name == "security_loss";
  });
  ASSERT_NE(swing, run.swings.end());
  EXPECT_EQ(swing->values.high, 3);
  EXPECT_NEAR(swing->at_high, 3 * 1.5, 1e-12);
  EXPECT_NEAR(swing->at_low, 1.5 * (0.3 + 0.8), 1e-12);
}

TEST(AskTest, AParameterIsNotSetToTwoValues) {
  EXPECT_TRUE(Ask({.model = "npv", .set = {"discount_rate=8%", "discount_rate=0.08"}, .draws = 0}));
  EXPECT_TRUE(Ask({.model = "npv", .set = {"discount_rate=57%", "discount_rate=0.57"}, .draws = 0}))
      << "57 * 0.01 is not 0.57";
  const auto twice = Ask({.model = "npv", .set = {"discount_rate=8%", "discount_rate=0.1"}});
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(twice.error().message.contains("0.08 and 0.1")) << twice.error().message;
}

TEST(AskTest, WhatIsSpentIsSaidToBeNegative) {
  const auto spent = Ask({.model = "npv", .set = {"wasm.initial_investment=8"}});
  ASSERT_FALSE(spent.has_value());
  EXPECT_TRUE(spent.error().message.contains("negative")) << spent.error().message;
  const auto too_much = Ask({.model = "npv", .set = {"wasm.initial_investment=-2e15"}});
  ASSERT_FALSE(too_much.has_value());
  EXPECT_TRUE(too_much.error().message.contains("at least")) << too_much.error().message;
}

TEST(AskTest, ARowOfChancesThatDoesNotSumToOneIsSaidToBeTakenInParts) {
  EXPECT_TRUE(Asked({.model = "markov", .draws = 0}).remarks.empty());
  const ModelRun run = Asked({.model = "markov", .set = {"wasm.wasm=0.5"}, .draws = 0});
  ASSERT_EQ(run.remarks.size(), 1U);
  EXPECT_TRUE(run.remarks[0].en.contains("Row wasm sums to 0.7")) << run.remarks[0].en;
  EXPECT_FALSE(run.remarks[0].zh.empty());
  const ModelRun none = Asked({.model = "markov",
                               .set = {"wasm.wasm=0", "wasm.sandbox=0", "wasm.container=0"},
                               .draws = 0});
  ASSERT_EQ(none.remarks.size(), 1U);
  EXPECT_TRUE(none.remarks[0].en.contains("has no chances")) << none.remarks[0].en;
  const auto near = Asked({.model = "markov", .set = {"wasm.wasm=0.8000001"}, .draws = 0});
  EXPECT_TRUE(near.remarks.empty()) << "it would be said to sum to 1, not to 1";
}

// P of the technology `years` after 2024, by the equation itself.
double Adopted(const ModelRun& run, const std::string& name, double years) {
  const auto derivative = [&](const numerics::State& p, numerics::State& rate, double t) {
    const double maturity =
        std::clamp(InputOf(run, name + ".E_now") + InputOf(run, name + ".E_growth") * t, 0.0, 1.0);
    rate[0] = InputOf(run, name + ".r") * p[0] * (1 - p[0] / InputOf(run, name + ".K")) * maturity;
  };
  std::vector<double> times{0};  // the rate has bends: short steps
  while (times.back() + 0.01 < years) times.push_back(times.back() + 0.01);
  times.push_back(years);
  std::uint64_t evaluations = 0;
  return numerics::Integrate(derivative, {InputOf(run, name + ".P_2024")}, times, evaluations)
      ->back()[0];
}

class AdoptionGrowthTest : public ::testing::TestWithParam<std::string> {};

TEST_P(AdoptionGrowthTest, EveryFigureIsOfTheEquationWithTheGrowthOfMaturity) {
  std::vector<std::string> growth;
  for (const char* name : {"container", "sandbox", "wasm"}) {
    growth.push_back(std::string(name) + ".E_growth=" + GetParam());
  }
  const ModelRun run = Asked({.model = "adoption", .set = growth, .draws = 0});
  for (const std::string name : {"container", "sandbox", "wasm"}) {
    EXPECT_NEAR(run.outputs[name + ".P_2025"], Adopted(run, name, 1), 1e-6) << name;
    EXPECT_NEAR(run.outputs[name + ".P_2030"], Adopted(run, name, 6), 1e-6) << name;
    const double forecast = InputOf(run, name + ".forecast_2025");
    if (const double years = run.outputs[name + ".years_to_forecast"]; !std::isnan(years)) {
      EXPECT_NEAR(Adopted(run, name, years), forecast, 1e-6) << name;
    } else {
      EXPECT_LT(Adopted(run, name, 100), forecast) << name;
    }
    const std::string start =
        name + ".P_2024=" + std::to_string(run.outputs[name + ".P_2024_needed"]);
    growth.push_back(start);
    const ModelRun needed = Asked({.model = "adoption", .set = growth, .draws = 0});
    growth.pop_back();
    EXPECT_NEAR(needed.outputs[name + ".P_2025"], forecast, 2e-6) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Growth, AdoptionGrowthTest,
                         ::testing::Values("0", "0.1", "0.3", "1", "-0.05", "-0.3"),
                         [](const auto& info) { return "Of" + std::to_string(info.index); });

TEST(AdoptionTest, MaturityCrossesItsThresholdFromBelowAndNotInThePast) {
  const auto crossing = [](const std::string& setting) {
    return Asked({.model = "adoption", .set = {setting}, .draws = 0}).outputs["wasm.E_crossing"];
  };
  EXPECT_NEAR(crossing("wasm.E_growth=0.06"), 2026, 1e-9);
  EXPECT_TRUE(std::isnan(crossing("wasm.E_growth=0")));
  EXPECT_TRUE(std::isnan(crossing("wasm.E_growth=-0.1")));
  EXPECT_TRUE(std::isnan(crossing("E_threshold=0.3")));
}

TEST(LotkaVolterraTest, OfSeveralStableStatesItIsTheOneThatTheStartLeadsTo) {
  std::vector<std::string> settings{"alpha1=0", "beta1=1", "alpha2=0", "beta2=-1", "alpha3=0",
                                    "alpha4=0", "r1=.5",   "r2=.5",    "K1=.8",    "K2=.8"};
  const auto steady = [&settings](const char* container, const char* sandbox, const char* which) {
    std::vector<std::string> set = settings;
    set.push_back(std::string("initial.C=") + container);
    set.push_back(std::string("initial.S=") + sandbox);
    const ModelRun run = Asked({.model = "lotka_volterra", .set = set, .draws = 0});
    return run.outputs[std::string("steady.") + which];
  };
  EXPECT_NEAR(steady("0.6", "0.05", "C"), 0.8, 1e-9);
  EXPECT_EQ(steady("0.6", "0.05", "S"), 0);
  EXPECT_NEAR(steady("0.05", "0.6", "S"), 0.8, 1e-9);
  EXPECT_NEAR(steady("0", "0.6", "S"), 0.8, 1e-9) << "what is not there does not come";
  EXPECT_EQ(steady("0.31", "0.3", "S"), 0) << "just on this side";
}

TEST(LotkaVolterraTest, FromWhereverItStartsItComesToItsSteadyState) {
  SeededRandom random(20261127);
  int steady = 0;
  for (int n = 0; n < 300; ++n) {
    std::vector<std::string> settings{"year=2200"};
    const auto draw = [&](const std::string& name, double low, double high) {
      const double value = std::lerp(low, high, scheduler::simulate::Uniform(random));
      settings.push_back(name + "=" + std::to_string(value));
    };
    for (const char* name : {"r1", "r2", "r3"}) draw(name, 0.3, 1);
    for (const char* name : {"K1", "K2", "K3"}) draw(name, 0.3, 1);
    for (const char* name : {"alpha1", "beta1", "alpha2"}) draw(name, 0, 1.5);
    for (const char* name : {"beta2", "alpha3", "alpha4"}) draw(name, -1.5, 0.3);
    for (const char* name : {"initial.C", "initial.S", "initial.W"}) draw(name, 0.01, 1);
    const ModelRun run = Asked({.model = "lotka_volterra", .set = settings, .draws = 0});
    if (std::isnan(run.outputs["steady.C"])) continue;
    ++steady;
    for (const std::string name : {"C", "S", "W"}) {
      EXPECT_NEAR(run.outputs["later." + name], run.outputs["steady." + name], 0.05)
          << testing::PrintToString(settings);
    }
  }
  EXPECT_GT(steady, 250);
}

TEST(LotkaVolterraTest, TheSteadyStateIsWhereTheEquationsLead) {
  const ModelRun run = Asked({.model = "lotka_volterra", .set = {"year=2200"}, .draws = 0});
  EXPECT_NEAR(run.outputs["later.W"], run.outputs["steady.W"], 1e-6);
  EXPECT_NEAR(run.outputs["later.S"], run.outputs["steady.S"], 1e-6);
  EXPECT_NEAR(run.outputs["later.C"], 0, 1e-6);
}

TEST(LotkaVolterraTest, TheStateOf2030IsThatOfTheFacts) {
  const ModelRun run = Asked({.model = "lotka_volterra", .draws = 0});
  const Json& state = run.fact->at("parameters").at("state_2030_from_initial_used");
  for (const std::string name : {"C", "S", "W"}) {
    EXPECT_NEAR(run.outputs["later." + name], state.at(name).get<double>(), 5e-5);
  }
}

TEST(LotkaVolterraTest, MoreWorkThanThereIsTimeForIsRefused) {
  const auto run = Ask({.model = "lotka_volterra", .draws = kMostDraws});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(run.error().message, HasSubstr("too many steps a draw: at most "));
}

TEST(MarkovTest, SixStepsAreThoseOfTheFacts) {
  const ModelRun run = Asked({.model = "markov", .draws = 0});
  const Json& six = run.fact->at("parameters").at("six_steps").at(0).at("result");
  const std::vector<std::string> states{"virtualization", "container", "sandbox", "wasm"};
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_NEAR(run.outputs["after_steps." + states[i]], six.at(i).get<double>(), 5e-5);
  }
}

TEST(NpvTest, AtItsInternalRateAnInvestmentIsWorthNothing) {
  const ModelRun before = Asked({.model = "npv", .draws = 0});
  for (const std::string name : {"container", "kata", "wasm"}) {
    const double rate = before.outputs[name + ".irr"] / 100;
    const ModelRun at =
        Asked({.model = "npv", .set = {"discount_rate=" + std::to_string(rate)}, .draws = 0});
    EXPECT_NEAR(at.outputs[name + ".npv"], 0, 1e-4) << name;
  }
}

}  // namespace
}  // namespace strata::advisor::models
