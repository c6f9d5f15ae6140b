#include "cell/hop_field.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

constexpr std::string_view kText =
    "shop cart 1250 00112233445566778899aabbccddeeff 0011223344556677 8899aabbccddeeff 1 2 http "
    "192.0.2.7:5000";

TEST(HopFieldTest, SurvivesTheWay) {
  const auto field = ParseHopField(kText);
  ASSERT_TRUE(field.has_value()) << field.error().message;
  EXPECT_EQ(field->tenant, "shop");
  EXPECT_EQ(field->function, "cart");
  EXPECT_EQ(field->age, std::chrono::microseconds(1250));
  EXPECT_EQ(field->trace.sampling, telemetry::Sampling::kRecord);
  EXPECT_EQ(field->led_by, meter::LedBy::kForm);
  EXPECT_EQ(field->scheme, "http");
  EXPECT_EQ(field->peer, "192.0.2.7:5000");
  std::string again;
  AppendHopField(*field, again);
  EXPECT_EQ(again, kText);
}

TEST(HopFieldTest, ATargetTravelsWithTheName) {
  for (const std::string target : {"@3", ":container"}) {
    std::string text(kText);
    text.insert(text.find(" 1250"), target);
    const auto field = ParseHopField(text);
    ASSERT_TRUE(field.has_value()) << field.error().message;
    EXPECT_EQ(field->function, "cart");
    EXPECT_EQ(field->target, target);
    std::string again;
    AppendHopField(*field, again);
    EXPECT_EQ(again, text);
  }
}

TEST(HopFieldTest, AClockThatWentBackIsAnAgeOfZero) {
  HopField field = ParseHopField(kText).value();
  field.age = std::chrono::microseconds(-3);
  std::string text;
  AppendHopField(field, text);
  EXPECT_EQ(ParseHopField(text).value().age, std::chrono::microseconds(0));
}

class HopFieldRefusesTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// Each case replaces one part of a good text by another.
TEST_P(HopFieldRefusesTest, WhatNoFrontWrites) {
  std::string text(kText);
  const auto [from, to] = GetParam();
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string_view(from).size(), to);
  const auto field = ParseHopField(text);
  ASSERT_FALSE(field.has_value()) << text;
  EXPECT_EQ(field.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Texts, HopFieldRefusesTest,
                         ::testing::Values(std::pair("shop ", ""), std::pair("shop ", "shop  "),
                                           std::pair("cart", "@3"), std::pair("1250", "-1"),
                                           std::pair("1250", "12x"),
                                           std::pair("1250", "99999999999999999999"),
                                           std::pair("00112233445566778899", "0011223344"),
                                           std::pair("8899aabbccddeeff 1", "8899aabbccddeefg 1"),
                                           std::pair(" 1 ", " 2 "), std::pair(" 2 ", " 4 "),
                                           std::pair(" 2 ", " 22 "), std::pair(" 2 ", " "),
                                           std::pair("http", "ftp"), std::pair("5000", "5000 x"),
                                           std::pair("192.0.2.7:5000", "")));

TEST(HopFieldTest, NothingIsRefused) { EXPECT_FALSE(ParseHopField("").has_value()); }

}  // namespace
}  // namespace strata::cell
