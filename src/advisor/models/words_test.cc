#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/report/text.h"

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

// A character of U+3400 to U+9FFF: no bracket and no comma, be they as wide.
bool HasChinese(const std::string& text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if ((first == 0xe3 && second >= 0x90) || (first >= 0xe4 && first <= 0xe9)) return true;
  }
  return false;
}

// English that a Chinese label has forgotten: words of lower case but for those of names, which
// stay.
std::vector<std::string> EnglishIn(std::string text) {
  for (const std::string_view name : {"dual runtime (runc + WasmEdge)", "containerd"}) {
    if (const auto at = text.find(name); at != std::string::npos) text.erase(at, name.size());
  }
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      word += c;
      continue;
    }
    if (word.size() > 1 && word[0] >= 'a' && word[0] <= 'z') words.push_back(word);
    word.clear();
  }
  return words;
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
      EXPECT_THAT(EnglishIn(each.label.zh), testing::IsEmpty()) << name << ": " << each.label.zh;
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
  EXPECT_EQ(LabelIn("markov", "wasm.container").en, "WASM: chance a step to go to containers");
  EXPECT_EQ(LabelIn("markov", "initial.container").en, "container: share at the start");
}

}  // namespace
}  // namespace strata::advisor::models
