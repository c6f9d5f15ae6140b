#include "advisor/names.h"

#include <string>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

Names Concepts() {
  Names names("concept");
  names.AddAll(Facts(FactFile::kConcepts).at("concepts"));
  return names;
}

TEST(NamesTest, FindsIdsLabelsAliasesAndChinese) {
  const Names names = Concepts();
  for (const char* name : {"webassembly", "WebAssembly", "wasm", "WASM"}) {
    EXPECT_EQ(names.Find(name).value(), "webassembly") << name;
  }
  for (const char* name : {"service_mesh", "service mesh", "Service-Mesh", "服务网格"}) {
    EXPECT_EQ(names.Find(name).value(), "service_mesh") << name;
  }
}

TEST(NamesTest, AnUnknownNameIsRefusedWithTheNearest) {
  const auto typo = Concepts().Find("webasembly");
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error().code, Errc::kNotFound);
  EXPECT_EQ(typo.error().message, "no concept 'webasembly'; did you mean 'webassembly'?");
  EXPECT_EQ(Concepts().Find("mesh").error().message,
            "no concept 'mesh'; did you mean 'service_mesh'?");
  // A third of a name may be wrong, not one letter alone.
  EXPECT_EQ(Concepts().Find("contanerisation").error().message,
            "no concept 'contanerisation'; did you mean 'containerization'?");
}

TEST(NamesTest, WhereNoNameIsNearThoseAreNamedThatHaveWordsThatAre) {
  Names names("parameter");
  for (const char* each : {"discount_rate", "risk_sigma.wasm", "years"}) names.Add(each, each);
  EXPECT_EQ(names.Find("discunt").error().message,
            "no parameter 'discunt'; did you mean 'discount_rate'?");
  EXPECT_EQ(names.Find("Risk-sgma").error().message,
            "no parameter 'Risk-sgma'; did you mean 'risk_sigma.wasm'?")
      << "words side by side";
  EXPECT_EQ(names.Find("yaers").error().message, "no parameter 'yaers'; did you mean 'years'?");
  EXPECT_EQ(names.Find("quux").error().message,
            "no parameter 'quux'; there are: discount_rate, risk_sigma.wasm, years");
}

TEST(NamesTest, WhereNoneIsNearAllAreNamed) {
  EXPECT_EQ(Concepts().Find("quux").error().message,
            "no concept 'quux'; there are: containerization, policy_engine, sandboxing, "
            "service_mesh, virtualization, webassembly");
}

TEST(NamesTest, WhereThereAreManyItIsSaidHowTheyAreListed) {
  Names names("thing", "strata things");
  for (int i = 0; i < 31; ++i) names.Add("thing" + std::to_string(i), "thing" + std::to_string(i));
  EXPECT_EQ(names.Find("").error().message, "no thing ''; 'strata things' lists them");
  EXPECT_EQ(names.Find("thing3").value(), "thing3");
}

// Whoever prints a message makes it harmless, once.
TEST(NamesTest, WhatIsNoNameIsSaidAsItIsAndNotAtLength) {
  const std::string message = Concepts().Find("\x1b[2J" + std::string(5000, 'x')).error().message;
  EXPECT_TRUE(message.starts_with("no concept '\x1b[2Jx"));
  EXPECT_LT(message.size(), 400U);
}

TEST(NamesTest, ALabelIsFoundByWhatStandsBeforeItsBracket) {
  Names names("thing");
  names.AddAll(
      Json::parse(R"j([{"id": "tco", "name": "total cost (of all)", "zh": "总拥有成本(TCO)"},
                               {"id": "all", "name": "total cost", "zh": "全部（总计）"}])j"));
  EXPECT_EQ(names.Find("总拥有成本").value(), "tco");
  EXPECT_EQ(names.Find("全部").value(), "all");
  EXPECT_EQ(names.Find("total cost (of all)").value(), "tco");
  EXPECT_EQ(names.Find("total cost").value(), "all") << "what is called so in full goes before";
}

TEST(NamesTest, WhatStandsBeforeTheBracketsOfTwoIsNobodysName) {
  Names names("thing");
  names.Add("cap", "cap");
  names.AddLabel("cap", {"Cap (by one model)", "上限（采用模型）"});
  names.AddLabel("other", {"Cap (by the other)", "上限（竞争模型）"});
  EXPECT_EQ(names.Find("cap").value(), "cap") << "whatever else it is called, that is its id";
  EXPECT_EQ(names.Find("上限（竞争模型）").value(), "other");
  const auto both = names.Find("上限");
  ASSERT_FALSE(both.has_value());
  EXPECT_EQ(
      both.error().message,
      "no thing is called just '上限'; did you mean '上限（采用模型）' or '上限（竞争模型）'?");
}

TEST(NamesTest, TheFirstKeepsAName) {
  Names names("thing");
  names.Add("a", "same");
  names.Add("b", "Same");
  EXPECT_EQ(names.Find("SAME").value(), "a");
}

}  // namespace
}  // namespace strata::advisor
