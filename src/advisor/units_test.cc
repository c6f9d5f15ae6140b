#include "advisor/units.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(UnitsTest, ANumberMayHaveAnyUnitOfItsKind) {
  EXPECT_EQ(*ReadQuantity("50", "ms"), 50);
  EXPECT_EQ(*ReadQuantity("50 ms", "ms"), 50);
  EXPECT_EQ(*ReadQuantity("0.1s", "ms"), 100) << "exactly: conditions have bounds";
  EXPECT_EQ(*ReadQuantity("256MiB", "MB"), 256);
  EXPECT_EQ(*ReadQuantity("60 1/min", "1/s"), 1);
  EXPECT_EQ(*ReadQuantity("85%", ""), 0.85);
  EXPECT_EQ(*ReadQuantity("24 months", "years"), 2);
}

TEST(UnitsTest, AWrongUnitIsRefusedWithTheTextAndThoseThatWouldDo) {
  for (const char* text : {"5 MiB", "5 sec", "soon", "5 %", "inf", ""}) {
    const auto refused = ReadQuantity(text, "ms");
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(refused.error().message, HasSubstr("(units here: ns, us, ms, s, min,"));
  }
  EXPECT_THAT(ReadQuantity("5 ms", "").error().message, HasSubstr("(units here: %)"));
  EXPECT_THAT(ReadQuantity("5 \x1b[0m", "ms").error().message, HasSubstr("\\x1b"));
}

TEST(UnitsTest, TheUnitOfEveryVariableIsOne) {
  for (const Json& variable : Facts(FactFile::kDecisions).at("variables")) {
    if (!variable.contains("unit")) continue;
    const std::string unit = variable.at("unit");
    EXPECT_TRUE(ReadQuantity("1", unit).has_value());
    EXPECT_FALSE(ReadQuantity("1 yuan", unit).has_value()) << unit;
    EXPECT_THAT(ReadQuantity("1 yuan", unit).error().message, HasSubstr("units here: "));
    EXPECT_TRUE(Convert(1, unit, unit == "ms" ? "s" : "1/day").has_value()) << unit;
  }
}

TEST(UnitsTest, ConvertingThereAndBackChangesNothing) {
  EXPECT_NEAR(*Convert(*Convert(7, "years", "ms"), "ms", "years"), 7, 1e-12);
  EXPECT_EQ(*Convert(1, "GB", "MiB"), 1024);
  EXPECT_NEAR(*Convert(2, "1/min", "1/hour"), 120, 1e-9);
  EXPECT_EQ(*Convert(3.2, "million yuan", "yuan"), 3'200'000);
}

TEST(UnitsTest, OnlyAUnitThatWouldBeTakenIsMeant) {
  const auto message = [](const char* text, const char* unit) {
    return ReadQuantity(text, unit).error().message;
  };
  EXPECT_FALSE(message("8kg", "%").contains("did you mean")) << message("8kg", "%");
  EXPECT_TRUE(message("5/min", "1/s").contains("did you mean '1/min'")) << message("5/min", "1/s");
  EXPECT_TRUE(message("5sm", "ms").contains("did you mean 'ms'")) << message("5sm", "ms");
}

TEST(UnitsTest, AUnitAsPeopleCallItIsToldWhichIsMeant) {
  const auto message = [](const char* text, const char* unit) {
    return ReadQuantity(text, unit).error().message;
  };
  EXPECT_THAT(message("5sec", "ms"),
              HasSubstr("no unit 'sec'; did you mean 's'? (units here: ns,"));
  EXPECT_THAT(message("5 Milisecond", "s"), HasSubstr("did you mean 'ms'?")) << "also mistyped";
  EXPECT_THAT(message("5 毫秒", "s"), HasSubstr("did you mean 'ms'?"));
  EXPECT_THAT(message("8 percent", ""), HasSubstr("did you mean '%'?"));
  EXPECT_THAT(message("30 per minute", "1/s"), HasSubstr("did you mean '1/min'?"));
  EXPECT_THAT(message("2 bytes", "years"), Not(HasSubstr("did you mean"))) << "it is not taken";
  EXPECT_THAT(message("5 furlongs", "ms"), Not(HasSubstr("did you mean")));
}

}  // namespace
}  // namespace strata::advisor
