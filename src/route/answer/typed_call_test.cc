#include "route/answer/typed_call.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace strata::route {
namespace {

const std::vector<sandbox::Export> kExports = {{"add", {"i32", "i32"}, {"i32"}},
                                               {"wide", {"i64"}, {"i64"}},
                                               {"floats", {"f32", "f64"}, {}},
                                               {"none", {}, {}}};

TEST(TypedCallTest, ArgumentsTakeTheExportsTypes) {
  const auto add = ParseArguments("[1, -2]", "add", kExports);
  ASSERT_TRUE(add.has_value()) << add.error().message;
  EXPECT_EQ(*add, (std::vector<sandbox::Value>{std::int32_t{1}, std::int32_t{-2}}));
  const auto floats = ParseArguments("[0.5, 2]", "floats", kExports);
  ASSERT_TRUE(floats.has_value());
  EXPECT_EQ(*floats, (std::vector<sandbox::Value>{0.5f, 2.0}));
  EXPECT_TRUE(ParseArguments("[]", "none", kExports)->empty());
}

TEST(TypedCallTest, UnsignedSpellingsAreTheSameBits) {
  const auto add = ParseArguments("[4294967295, 0]", "add", kExports);
  ASSERT_TRUE(add.has_value());
  EXPECT_EQ(std::get<std::int32_t>((*add)[0]), -1);
}

TEST(TypedCallTest, WideNumbersCanBeText) {
  const auto wide = ParseArguments(R"(["-9007199254740993"])", "wide", kExports);
  ASSERT_TRUE(wide.has_value());
  EXPECT_EQ(std::get<std::int64_t>((*wide)[0]), -9007199254740993);
}

TEST(TypedCallTest, AnUnknownExportIsNotFound) {
  EXPECT_EQ(ParseArguments("[]", "sub", kExports).error().code, Errc::kNotFound);
}

TEST(TypedCallTest, WhatDoesNotFitIsInvalid) {
  for (const char* json : {"", "1", "{}", "[1]", "[1,2,3]", "[1,\"x\"]", "[1,1.5]", "[1,null]",
                           "[1,4294967296]", "[1,-2147483649]"}) {
    const auto parsed = ParseArguments(json, "add", kExports);
    ASSERT_FALSE(parsed.has_value()) << json;
    EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument) << json;
  }
}

TEST(TypedCallTest, ResultsAreJson) {
  const std::vector<sandbox::Value> values = {std::int32_t{3}, std::int64_t{-4}, 0.5f,
                                              std::numeric_limits<double>::infinity(),
                                              std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(FormatValues(values), "{\"results\":[3,-4,0.5,\"Infinity\",\"NaN\"]}\n");
}

}  // namespace
}  // namespace strata::route
