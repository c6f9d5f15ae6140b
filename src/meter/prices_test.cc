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

TEST(PricesTest, ANodeCostsAMultipleOfTheList) {
  Prices prices;
  EXPECT_DOUBLE_EQ(prices.FactorOf("vm-1"), 1);
  ASSERT_TRUE(prices.Set("node.spot-*=0.25").has_value());
  ASSERT_TRUE(prices.Set("node.spot-7=0.5").has_value());
  ASSERT_TRUE(prices.Set("start=8").has_value());
  EXPECT_DOUBLE_EQ(prices.FactorOf("vm-1"), 1);
  EXPECT_DOUBLE_EQ(prices.FactorOf("spot-1"), 0.25);
  EXPECT_DOUBLE_EQ(prices.FactorOf("spot-7"), 0.5);  // what was given last
  const Price spot = prices.On("spot-1").Of(Class::kWasm);
  EXPECT_DOUBLE_EQ(spot.cpu_hour, Price().cpu_hour / 4);
  EXPECT_DOUBLE_EQ(spot.gib_hour, Price().gib_hour / 4);
  EXPECT_DOUBLE_EQ(spot.start, 2);
  EXPECT_DOUBLE_EQ(spot.wait, Price().wait);  // of the caller's time, which no node changes
  EXPECT_EQ(prices.ToJson()["nodes"], (Json{{"spot-*", 0.25}, {"spot-7", 0.5}}));
  EXPECT_TRUE(prices.source().ends_with("; --price start=8"));
  ASSERT_TRUE(prices.Set("node.dear=1000").has_value());
  ASSERT_TRUE(prices.Set("start=1e6").has_value());
  EXPECT_DOUBLE_EQ(prices.On("dear").Of(Class::kWasm).start, 1e6);
}

TEST(PricesTest, AStartCostsWhatItComputesUnlessAPriceWasGiven) {
  Prices prices;
  ASSERT_TRUE(prices.Set("cpu_hour=3600").has_value());  // a dollar a second
  ASSERT_TRUE(prices.Set("microvm.start=5").has_value());
  EXPECT_EQ(prices.ToJson()["classes"]["container"]["start_from"], "nothing was measured");
  for (const Class each : {Class::kContainer, Class::kMicrovm}) {
    prices.StartComputes(each, 250, "a test");
  }
  EXPECT_DOUBLE_EQ(prices.Of(Class::kContainer).start, 0.25);
  EXPECT_DOUBLE_EQ(prices.StartMs(Class::kContainer), 250);
  EXPECT_EQ(prices.ToJson()["classes"]["container"]["start_from"], "a test");
  EXPECT_DOUBLE_EQ(prices.Of(Class::kMicrovm).start, 5);
  EXPECT_DOUBLE_EQ(prices.StartMs(Class::kMicrovm), 0);
  EXPECT_EQ(prices.ToJson()["classes"]["microvm"]["start_from"], "--price");
  EXPECT_DOUBLE_EQ(prices.Of(Class::kWasm).start, 0);
}

TEST(PricesTest, WhatIsNotKnownIsRefusedAndChangesNothing) {
  for (const char* text :
       {"",           "cpu_hour",    "=1",           "cpu_day=1",    "vm.cpu_hour=1", "wasm.=1",
        "cpu_hour=",  "cpu_hour=-1", "cpu_hour=nan", "cpu_hour=inf", "cpu_hour=1e7",  "wait=-1",
        "wait=soon",  "cpu_hour=1x", "cpu_hour= 1",  ".cpu_hour=1",  "node.=1",       "node=1",
        "node.a*b=1", "node.a=-1",   "node.a=",      "node.a=1001"}) {
    Prices prices;
    const auto set = prices.Set(text);
    ASSERT_FALSE(set.has_value()) << text;
    EXPECT_EQ(set.error().code, Errc::kInvalidArgument);
    EXPECT_NE(set.error().message.find("cpu_hour, gib_hour, start, wait"), std::string::npos);
    EXPECT_EQ(prices.source(), Prices().source()) << text;
    for (const Class each : model::kClasses) EXPECT_EQ(prices.Of(each), Price()) << text;
    EXPECT_DOUBLE_EQ(prices.FactorOf("a"), 1);
  }
}

}  // namespace
}  // namespace strata::meter
