#include "advisor/models/stated.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/models/registry.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

// What the model's fact says: "VM: cycle position: plateau".
std::vector<std::string> SaidOf(const std::string& model) {
  std::vector<std::string> said;
  for (const auto& row : StatedSection(**FindModel(model)).rows) {
    said.push_back(row[0].text.en + ": " + row[1].text.en + ": " + row[2].text.en);
  }
  return said;
}

bool Says(const std::string& model, const std::string& text) {
  const std::vector<std::string> said = SaidOf(model);
  return std::ranges::find(said, text) != said.end();
}

TEST(StatedTest, WhatIsSaidInWordsIsShown) {
  EXPECT_TRUE(Says("cri", "Quark App Kernel: cycle position: innovation trigger"));
  EXPECT_TRUE(Says("npv", "net present value, IRR, payback: advice: staged investment"));
  EXPECT_TRUE(Says("theorem_tipping",
                   "theorem 2: ecosystem tipping point: status: in 2026 the CRI of WASM "
                   "overtakes the container and WASM becomes the technology of first choice"));
  EXPECT_TRUE(Says("drivers_resistance",
                   "spread of sandboxing: resistance: performance loss, compatibility"));
  EXPECT_TRUE(
      Says("drivers_resistance", "resistance critical point: then: WASM passes 10 % penetration"));
  EXPECT_TRUE(
      Says("real_option",
           "real option value of delaying the WASM investment: decision claimed: wait until "
           "P(ecosystem) > 0.65, then invest"));
  EXPECT_TRUE(Says("core_conclusion_b",
                   "share of new light computing taken by WASM: containers disappear: no"));
}

TEST(StatedTest, ItIsThereInBothLanguages) {
  const Section section = StatedSection(**FindModel("cri"));
  ASSERT_EQ(section.rows.size(), 6U);
  EXPECT_EQ(section.rows[0][0].text.zh, "传统虚拟化");
  EXPECT_EQ(section.rows[0][2].text.zh, "生产力高原");
}

void FindTexts(const Json& node, std::vector<std::string>& texts) {
  if (node.is_string()) texts.push_back(node.get<std::string>());
  if (!node.is_structured()) return;
  for (const auto& [key, value] : node.items()) {
    if (!node.is_object() || !IsLeftOut(key)) FindTexts(value, texts);
  }
}

TEST(StatedTest, NoTextOfAFactIsForgotten) {
  for (const Json& fact : ModelFacts()) {
    std::vector<std::string> texts;
    for (const char* key : {"status", "parameters", "advantages"}) {
      if (fact.contains(key)) FindTexts(fact.at(key), texts);
    }
    std::string said;
    for (const auto& row : StatedSection(fact).rows) said += row[2].text.en + "\n";
    for (const std::string& text : texts) {
      EXPECT_NE(said.find(text), std::string::npos) << fact.at("id") << ": " << text;
    }
  }
}

}  // namespace
}  // namespace strata::advisor::models
