#include "meter/prices.h"

#include <cmath>

#include <gtest/gtest.h>

namespace strata::meter {
namespace {

using model::Class;

TEST(PricesTest, AnHourOfAProcessorAndAGibibyteCostsTheirSum) {
  const Price price{.cpu_hour = 2, .gib_hour = 3, .start = 0.5, .wait = 7};  // on no bill
  const double hour = 3.6e6;
  EXPECT_DOUBLE_EQ(price.Of({.cpu_ms = hour, .mib_ms = 1024 * hour, .starts = 4}), 2 + 3 + 2);
  EXPECT_DOUBLE_EQ(price.Of({}), 0);
}

TEST(PricesTest, OneClassOrAllCanBeGivenAPrice) {
  Prices prices;
  ASSERT_TRUE(prices.Set("gib_hour=0.01").has_value());
  ASSERT_TRUE(prices.Set("microvm.start=1e-5").has_value());
  EXPECT_DOUBLE_EQ(prices.Of(Class::kWasm).gib_hour, 0.01);
  EXPECT_DOUBLE_EQ(prices.Of(Class::kMicrovm).gib_hour, 0.01);
  EXPECT_DOUBLE_EQ(prices.Of(Class::kMicrovm).start, 1e-5);
  EXPECT_DOUBLE_EQ(prices.Of(Class::kContainer).start, 0);
  EXPECT_DOUBLE_EQ(prices.Of(Class::kWasm).cpu_hour, Price().cpu_hour);
  ASSERT_TRUE(prices.Set("wait=3.5e-4").has_value());
  ASSERT_TRUE(prices.Set("container.wait=0").has_value());
  EXPECT_DOUBLE_EQ(prices.Of(Class::kMicrovm).wait, 3.5e-4);
  EXPECT_DOUBLE_EQ(prices.Of(Class::kContainer).wait, 0);
}

TEST(PricesTest, TheSourceNamesWhatWasGiven) {
  Prices prices;
  const std::string before = prices.source();
  ASSERT_TRUE(prices.Set("wasm.cpu_hour=1").has_value());
  EXPECT_EQ(prices.source(), before + "; --price wasm.cpu_hour=1");
  EXPECT_EQ(prices.ToJson()["classes"]["wasm"]["cpu_hour"], 1.0);
}

TEST(PricesTest, WhatIsNotKnownIsRefusedAndChangesNothing) {
  for (const char* text :
       {"", "cpu_hour", "=1", "cpu_day=1", "vm.cpu_hour=1", "wasm.=1", "cpu_hour=", "cpu_hour=-1",
        "cpu_hour=nan", "cpu_hour=inf", "cpu_hour=1e7", "wait=-1", "wait=soon", "cpu_hour=1x",
        "cpu_hour= 1", ".cpu_hour=1"}) {
    Prices prices;
    const auto set = prices.Set(text);
    ASSERT_FALSE(set.has_value()) << text;
    EXPECT_EQ(set.error().code, Errc::kInvalidArgument);
    EXPECT_NE(set.error().message.find("cpu_hour, gib_hour, start, wait"), std::string::npos);
    EXPECT_EQ(prices.source(), Prices().source()) << text;
    for (const Class each : model::kClasses) EXPECT_EQ(prices.Of(each), Price()) << text;
  }
}

}  // namespace
}  // namespace strata::meter
