#include "advisor/models/words.h"

#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "advisor/models/registry.h"

namespace strata::advisor::models {
namespace {

Text LabelIn(const char* model, std::string_view parameter) {
  const Model made = MakeModel(**FindModel(model));
  for (const Parameter& each : made.parameters) {
    if (each.name == parameter) return each.label;
  }
  ADD_FAILURE() << model << ' ' << parameter;
  return {};
}

bool HasChinese(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0xe3) return true;
  }
  return false;
}

TEST(WordsTest, EveryParameterSaysWhatItIsInBothLanguages) {
  std::size_t parameters = 0;
  for (const Json& fact : ModelFacts()) {
    for (const Parameter& each : MakeModel(fact).parameters) {
      ++parameters;
      const std::string name = fact.at("id").get<std::string>() + " " + each.name;
      EXPECT_NE(each.label.en, "") << name;
      EXPECT_FALSE(HasChinese(each.label.en)) << name << ": " << each.label.en;
      EXPECT_TRUE(HasChinese(each.label.zh)) << name << ": " << each.label.zh;
      EXPECT_FALSE(each.label.en.contains('_')) << name << ": " << each.label.en;
    }
  }
  EXPECT_GT(parameters, 400U);
}

TEST(WordsTest, TwoParametersOfAModelAreNotCalledTheSame) {
  for (const Json& fact : ModelFacts()) {
    const Model model = MakeModel(fact);
    for (std::size_t i = 0; i < model.parameters.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_NE(model.parameters[i].label, model.parameters[j].label)
            << fact.at("id") << ": " << model.parameters[i].name << ", "
            << model.parameters[j].name;
      }
    }
  }
}

TEST(WordsTest, OfWhatAParameterIsGoesBeforeWhatItIs) {
  EXPECT_EQ(LabelIn("npv", "discount_rate").zh, "折现率");
  EXPECT_EQ(LabelIn("npv", "wasm.annual_cash_flow").en, "WASM platform: what it brings a year");
  EXPECT_EQ(LabelIn("markov", "wasm.container").en, "WASM: chance a year to go to containers");
  EXPECT_EQ(LabelIn("markov", "initial.container").en, "container: share at the start");
}

}  // namespace
}  // namespace strata::advisor::models
