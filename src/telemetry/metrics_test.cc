#include "telemetry/metrics.h"

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace strata::telemetry {
namespace {

constexpr std::array kBounds = {0.1, 1.0};

TEST(MetricsTest, ExposesEveryKindAsPrometheusText) {
  Registry registry;
  registry.GetCounter("strata_a_total", "Calls.", {{"function", "x"}, {"code", "200"}}).Add(3);
  registry.GetGauge("strata_b", "Now.").Set(-1.5);
  auto& histogram = registry.GetHistogram("strata_c_seconds", "Time.", kBounds, {{"f", "x"}});
  histogram.Observe(0.1);
  histogram.Observe(0.5);
  histogram.Observe(7);
  EXPECT_EQ(registry.Expose(),
            "# HELP strata_a_total Calls.\n"
            "# TYPE strata_a_total counter\n"
            "strata_a_total{code=\"200\",function=\"x\"} 3\n"
            "# HELP strata_b Now.\n"
            "# TYPE strata_b gauge\n"
            "strata_b -1.5\n"
            "# HELP strata_c_seconds Time.\n"
            "# TYPE strata_c_seconds histogram\n"
            "strata_c_seconds_bucket{f=\"x\",le=\"0.1\"} 1\n"
            "strata_c_seconds_bucket{f=\"x\",le=\"1\"} 2\n"
            "strata_c_seconds_bucket{f=\"x\",le=\"+Inf\"} 3\n"
            "strata_c_seconds_sum{f=\"x\"} 7.6\n"
            "strata_c_seconds_count{f=\"x\"} 3\n");
}

TEST(MetricsTest, ATimeCounterAddsMicrosecondsAndShowsSeconds) {
  Registry registry;
  Counter& counter = registry.GetTimeCounter("strata_a_seconds_total", "Time.");
  counter.Add(217);
  counter.Add(3'000'000);
  EXPECT_EQ(counter.value(), 3'000'217U);
  EXPECT_NE(registry.Expose().find("\nstrata_a_seconds_total 3.000217\n"), std::string::npos)
      << registry.Expose();
}

TEST(MetricsTest, ASeriesIsMadeOnceAndKeepsItsAddress) {
  Registry registry;
  Counter& counter = registry.GetCounter("strata_a_total", "A.", {{"f", "x"}});
  counter.Add();
  for (int i = 0; i < 1000; ++i) {
    registry.GetCounter("strata_a_total", "A.", {{"f", std::to_string(i)}});
  }
  EXPECT_EQ(&registry.GetCounter("strata_a_total", "A.", {{"f", "x"}}), &counter);
  EXPECT_EQ(counter.value(), 1U);
}

TEST(MetricsTest, AnyLabelValueAndHelpStaysOneLine) {
  Registry registry;
  registry.GetGauge("strata_g", "a\\b\nc \"d\"", {{"f", "q\" b\\ n\n"}}).Set(1);
  EXPECT_EQ(registry.Expose(),
            "# HELP strata_g a\\\\b\\nc \"d\"\n"
            "# TYPE strata_g gauge\n"
            "strata_g{f=\"q\\\" b\\\\ n\\n\"} 1\n");
}

TEST(MetricsTest, RemoveForgetsTheSeriesThatHaveAllTheLabels) {
  Registry registry;
  registry.GetCounter("strata_a_total", "A.",
                      {{"function", "x"}, {"namespace", "a"}, {"code", "200"}});
  registry.GetCounter("strata_a_total", "A.", {{"function", "x"}, {"namespace", "b"}});
  registry.GetCounter("strata_a_total", "A.", {{"function", "y"}, {"namespace", "a"}});
  registry.GetHistogram("strata_h", "H.", kBounds, {{"function", "x"}, {"namespace", "a"}});
  registry.GetGauge("strata_g", "G.", {{"namespace", "a"}});
  registry.Remove({{"namespace", "a"}, {"function", "x"}});
  const std::string text = registry.Expose();
  EXPECT_EQ(text.find("function=\"x\",namespace=\"a\""), std::string::npos) << text;
  EXPECT_EQ(text.find("code=\"200\""), std::string::npos) << text;
  EXPECT_NE(text.find("function=\"x\",namespace=\"b\""), std::string::npos) << text;
  EXPECT_NE(text.find("function=\"y\",namespace=\"a\""), std::string::npos) << text;
  EXPECT_NE(text.find("strata_g{namespace=\"a\"}"), std::string::npos) << text;
}

TEST(MetricsTest, NumbersThatAreNoneAreSpelledAsPrometheusReadsThem) {
  Registry registry;
  Gauge& gauge = registry.GetGauge("strata_g", "G.");
  gauge.Set(std::numeric_limits<double>::infinity());
  EXPECT_NE(registry.Expose().find("strata_g +Inf\n"), std::string::npos);
  gauge.Set(-std::numeric_limits<double>::infinity());
  EXPECT_NE(registry.Expose().find("strata_g -Inf\n"), std::string::npos);
  gauge.Set(std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(registry.Expose().find("strata_g NaN\n"), std::string::npos);
}

TEST(MetricsTest, DurationBucketsAscend) {
  const auto bounds = DurationBuckets();
  ASSERT_FALSE(bounds.empty());
  for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1], bounds[i]);
}

using MetricsDeathTest = ::testing::Test;

TEST(MetricsDeathTest, MisuseIsABugAndEndsTheProgram) {
  Registry registry;
  registry.GetGauge("strata_g", "G.");
  EXPECT_DEATH(registry.GetGauge("strata g", "Bad name."), "broken invariant");
  EXPECT_DEATH(registry.GetCounter("strata_calls", "No _total."), "broken invariant");
  EXPECT_DEATH(registry.GetHistogram("strata_g", "G.", kBounds), "broken invariant");
  EXPECT_DEATH(registry.GetGauge("strata_g", "Other help."), "broken invariant");
  EXPECT_DEATH(registry.GetGauge("strata_g", "G.", {{"le", "1"}}), "broken invariant");
}

}  // namespace
}  // namespace strata::telemetry
