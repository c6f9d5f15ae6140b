#include "advisor/models/settings.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/models/model.h"
#include "base/result.h"

namespace strata::advisor::models {
namespace {

using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  void Refused(const std::string& setting, Errc code, const std::string& words) {
    const auto done = Set(setting, parameters_, inputs_);
    ASSERT_FALSE(done) << setting;
    EXPECT_EQ(done.error().code, code) << done.error().message;
    EXPECT_THAT(done.error().message, HasSubstr(words));
    EXPECT_EQ(inputs_["wasm.r"], 0.8);
    EXPECT_EQ(inputs_["limit_ms"], 10);
    EXPECT_EQ(inputs_["coupling"], 0);
  }

  const std::vector<Parameter> parameters_ = [] {
    const Json fact;
    ParameterList list(fact);
    list.Stated("wasm.r", 0.8, {"1/year", 0, 5}, "002 C§2.1")
        .Stated("limit_ms", 10, kMs, "002 C§6.2")
        .Called({"what a start may take (at most)", "启动时间上限（毫秒）"})
        .Stated("share", 0.5, kShare, "x")
        .Stated("when", 2025, kYear, "x")
        .Stated("calls", 5, kCount, "x")
        .Stated("years", 5, kWholeYears, "x")
        .Choose("coupling", "low", kLowToHigh, {"x", ""});
    return std::vector<Parameter>(list);
  }();
  Inputs inputs_{parameters_};
};

TEST_F(SettingsTest, AParameterIsFoundByWhatItIsCalledInEitherLanguage) {
  for (const char* name : {"启动时间上限", "启动时间上限（毫秒）", "What a start may take"}) {
    EXPECT_EQ(Set(std::string(name) + "=25", parameters_, inputs_), 1U) << name;
    EXPECT_EQ(inputs_["limit_ms"], 25) << name;
    inputs_.Set(1, 10);
  }
}

TEST_F(SettingsTest, ANumberIsInTheParametersUnit) {
  EXPECT_EQ(*Set("wasm.r=0.5", parameters_, inputs_), 0U);
  EXPECT_EQ(inputs_["wasm.r"], 0.5);
  EXPECT_EQ(inputs_["limit_ms"], 10);
}

TEST_F(SettingsTest, AnotherUnitOfTheKindIsConverted) {
  EXPECT_EQ(*Set("limit_ms=0.02s", parameters_, inputs_), 1U);
  EXPECT_NEAR(inputs_["limit_ms"], 20, 1e-12);
  EXPECT_TRUE(Set("limit_ms=500 us", parameters_, inputs_));
  EXPECT_NEAR(inputs_["limit_ms"], 0.5, 1e-12);
  EXPECT_TRUE(Set("share=85%", parameters_, inputs_));
  EXPECT_NEAR(inputs_["share"], 0.85, 1e-12);
}

TEST_F(SettingsTest, AChoiceIsALevel) {
  EXPECT_EQ(*Set("coupling=high", parameters_, inputs_), 6U);
  EXPECT_EQ(inputs_["coupling"], 2);
}

TEST_F(SettingsTest, WhatIsUnknownIsRefusedWithTheNearest) {
  Refused("wsm.r=1", Errc::kNotFound, "did you mean 'wasm.r'?");
  Refused("limt=1", Errc::kNotFound, "no parameter 'limt'; did you mean 'limit_ms'?");
  Refused("coupling=hihg", Errc::kNotFound, "did you mean 'high'?");
  Refused("limit_ms=3sec", Errc::kInvalidArgument, "no unit 'sec'");
  Refused("limit_ms=3month", Errc::kInvalidArgument, "did you mean 'months'?");
  Refused("limit_ms=3sec", Errc::kInvalidArgument, "did you mean 's'?");
}

TEST_F(SettingsTest, AnUnknownUnitIsAnsweredWithThoseThatThereAre) {
  Refused("limit_ms=3sec", Errc::kInvalidArgument, "(units here: ns, us, ms, s, min, hours,");
  Refused("share=5k", Errc::kInvalidArgument, "no unit 'k' (units here: %)");
  Refused("when=2025x", Errc::kInvalidArgument, "no unit 'x' (units here: year)");
  for (const std::string unit : {"k", "m", "h", "x", "sec", "?"}) {
    for (const char* name : {"limit_ms", "share", "wasm.r"}) {
      const auto done = Set(std::string(name) + "=3" + unit, parameters_, inputs_);
      ASSERT_FALSE(done) << unit;
      EXPECT_EQ(done.error().message.find("did you mean ''"), std::string::npos);
    }
  }
}

TEST_F(SettingsTest, AWholeNumberHasNoFraction) {
  EXPECT_TRUE(Set("calls=12", parameters_, inputs_));
  EXPECT_TRUE(Set("years=24 months", parameters_, inputs_));
  EXPECT_EQ(inputs_.Count("years"), 2U);
  for (const char* setting : {"calls=0.9", "calls=12.5", "years=4.9", "years=13 months"}) {
    Refused(setting, Errc::kInvalidArgument, "it is a whole number");
  }
  EXPECT_EQ(inputs_.Count("calls"), 12U);
}

TEST_F(SettingsTest, AUnitOfAnotherKindIsRefused) {
  Refused("limit_ms=3MiB", Errc::kInvalidArgument, "does not measure");
  Refused("limit_ms=3%", Errc::kInvalidArgument, "does not measure");
}

TEST_F(SettingsTest, WhatIsNoSettingIsRefused) {
  for (const char* setting : {"wasm.r", "=1", ""}) {
    Refused(setting, Errc::kInvalidArgument, "NAME=VALUE");
  }
  for (const char* setting : {"wasm.r=", "wasm.r=x", "wasm.r=nan", "wasm.r=inf", "wasm.r=1e999"}) {
    Refused(setting, Errc::kInvalidArgument, "is no number");
  }
}

TEST_F(SettingsTest, AValueOutOfBoundsIsRefusedWithTheBounds) {
  Refused("wasm.r=-1", Errc::kInvalidArgument, "at least 0 and at most 5");
  Refused("limit_ms=-1", Errc::kInvalidArgument, "at least 0");
}

}  // namespace
}  // namespace strata::advisor::models
