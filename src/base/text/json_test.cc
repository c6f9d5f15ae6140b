#include "base/text/json.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text/json_member.h"

namespace strata {
namespace {

TEST(JsonTest, RoundTripsWithSortedKeys) {
  auto value = ParseJson(R"({"b": [1, 2.5, null, true], "a": "x"})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(DumpJson(*value), R"({"a":"x","b":[1,2.5,null,true]})");
}

TEST(JsonTest, AKeyMayRepeatInDifferentObjects) {
  EXPECT_TRUE(ParseJson(R"({"a": {"a": 1}, "b": {"a": [{"a": 2}, {"a": 3}]}})"));
}

TEST(JsonTest, DumpReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(DumpJson(Json(std::string("a\xff"))), "\"a\xef\xbf\xbd\"");
}

TEST(JsonTest, RefusesTextOverTheLimitWithoutParsingIt) {
  const auto value = ParseJson("[1,2,3]", Bytes{6});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Errc::kInvalidArgument);
}

TEST(JsonTest, TakesAsMuchNestingAsPromisedAndNoMore) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseJson(nested(64)));
  EXPECT_FALSE(ParseJson(nested(66)));
  EXPECT_FALSE(ParseJson(nested(1'000'000)));
}

TEST(JsonTest, AMemberOfAnotherTypeIsNotThere) {
  const Json object = {{"text", "x"}, {"number", 1}, {"null", nullptr}, {"list", {"x"}}};
  EXPECT_EQ(TextOf(object, "text", "none"), "x");
  for (const char* name : {"number", "null", "list", "missing"}) {
    EXPECT_EQ(TextOf(object, name, "none"), "none") << name;
  }
  for (const Json& no_object : {Json("x"), Json(1), Json(), Json::array({"x"})}) {
    EXPECT_EQ(TextOf(no_object, "text"), "") << no_object;
  }
}

class BadJsonTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadJsonTest, IsRefusedWithAMessage) {
  const auto value = ParseJson(GetParam());
  ASSERT_FALSE(value) << DumpJson(*value);
  EXPECT_EQ(value.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(value.error().message.empty());
  EXPECT_EQ(value.error().message.find("exception"), std::string::npos) << value.error().message;
}

TEST(JsonTest, WhatIsNoJsonIsToldWithItsPlace) {
  const auto value = ParseJson("apiVersion: v1");
  ASSERT_FALSE(value);
  EXPECT_TRUE(value.error().message.starts_with("not JSON: parse error at line 1, column 1: "))
      << value.error().message;
}

INSTANTIATE_TEST_SUITE_P(Texts, BadJsonTest,
                         ::testing::Values("", "{", "[1,]", "{\"a\":1,}", "nul", "1 2", "\"\x01\"",
                                           "\"\xff\"", R"({"a":1,"a":2})",
                                           R"({"x":{"a":1,"b":2,"a":3}})", "// comment\n1"));

}  // namespace
}  // namespace strata
