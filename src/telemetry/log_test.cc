#include "telemetry/log.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "base/text/json.h"

namespace strata::telemetry {
namespace {

struct Lines {
  std::vector<std::string> text;
  std::vector<Level> levels;

  Logger NewLogger(const Clock& clock, Format format, Level least = Level::kDebug) {
    return Logger::To(
        [this](Level level, std::string_view line) {
          levels.push_back(level);
          text.emplace_back(line);
        },
        least, format, clock);
  }
};

TEST(LogTest, AJsonLineHoldsEveryFieldWithItsType) {
  const ManualClock clock;
  Lines lines;
  const Logger log = lines.NewLogger(clock, Format::kJson).With({{"component", "cell"}});
  log.Info("started", {{"pid", 42},
                       {"bytes", std::uint64_t{1} << 63},
                       {"ratio", 0.5},
                       {"warm", true},
                       {"name", std::string("a\"b")}});
  ASSERT_EQ(lines.text.size(), 1U);
  EXPECT_EQ(lines.text[0],
            R"({"ts":"2019-12-20T00:00:00.000000Z","level":"info","msg":"started",)"
            R"("component":"cell","pid":42,"bytes":9223372036854775808,"ratio":0.5,"warm":true,)"
            R"("name":"a\"b"})");
  EXPECT_EQ(lines.levels[0], Level::kInfo);
}

TEST(LogTest, ATextLineIsForPeople) {
  const ManualClock clock;
  Lines lines;
  lines.NewLogger(clock, Format::kText).Warn("ring full", {{"cell", "web-0"}, {"why", "no room"}});
  ASSERT_EQ(lines.text.size(), 1U);
  EXPECT_EQ(lines.text[0],
            "2019-12-20T00:00:00.000000Z warn  ring full cell=web-0 why=\"no room\"");
}

TEST(LogTest, AQuotedValueEndsWhereItEnds) {
  const ManualClock clock;
  Lines lines;
  lines.NewLogger(clock, Format::kText)
      .Info("x", {{"a", "b \\"}, {"c", "\\\" d=e\n"}, {"f", "\\"}});
  ASSERT_EQ(lines.text.size(), 1U);
  EXPECT_THAT(lines.text[0], ::testing::EndsWith(R"(x a="b \\" c="\\\" d=e\n" f=\)"));
}

TEST(LogTest, UntrustedTextStaysOneHarmlessLine) {
  const ManualClock clock;
  for (const Format format : {Format::kJson, Format::kText}) {
    Lines lines;
    lines.NewLogger(clock, format).Info("a\nlevel=error \x1b[2J", {{"k", "v\r\n\"x\" \x00"}});
    ASSERT_EQ(lines.text.size(), 1U);
    for (const char c : lines.text[0]) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << int{c};
    if (format == Format::kJson) {
      EXPECT_TRUE(ParseJson(lines.text[0])) << lines.text[0];
    }
  }
}

TEST(LogTest, JsonStaysValidForBytesAndNumbersThatJsonLacks) {
  const ManualClock clock;
  Lines lines;
  lines.NewLogger(clock, Format::kJson)
      .Info("\xff", {{"nan", std::numeric_limits<double>::quiet_NaN()}});
  ASSERT_EQ(lines.text.size(), 1U);
  const auto parsed = ParseJson(lines.text[0]);
  ASSERT_TRUE(parsed) << lines.text[0];
  EXPECT_TRUE((*parsed)["nan"].is_null());
}

TEST(LogTest, LevelsBelowTheLeastAreNotWritten) {
  const ManualClock clock;
  Lines lines;
  const Logger log = lines.NewLogger(clock, Format::kJson, Level::kWarn);
  log.Debug("no");
  log.Info("no");
  log.Warn("yes");
  log.Error("failed", Error{Errc::kNotFound, "open x"});
  EXPECT_FALSE(log.enabled(Level::kInfo));
  EXPECT_TRUE(log.enabled(Level::kError));
  ASSERT_EQ(lines.text.size(), 2U);
  EXPECT_NE(lines.text[1].find(R"("code":"NOT_FOUND","error":"open x")"), std::string::npos);
}

TEST(LogTest, ASinkThatFailsIsCountedAndNeverReachesTheCaller) {
  const ManualClock clock;
  const Logger log =
      Logger::To([](Level, std::string_view) { throw std::runtime_error("disk full"); },
                 Level::kInfo, Format::kJson, clock);
  log.Info("one");
  log.Info("two");
  EXPECT_EQ(log.dropped(), 2U);
}

TEST(LogTest, ADefaultLoggerWritesNothing) {
  const Logger log;
  log.With({{"a", 1}}).Error("nobody hears this");
  EXPECT_FALSE(log.enabled(Level::kError));
  EXPECT_EQ(log.dropped(), 0U);
}

TEST(LogTest, AppendsToItsFileLineByLine) {
  const testing::TempDir directory;
  const ManualClock clock;
  const std::string file = directory / "log";
  for (int run = 0; run < 2; ++run) {
    const auto log =
        Logger::Open({.level = Level::kInfo, .format = Format::kText, .file = file}, clock);
    ASSERT_TRUE(log) << log.error().message;
    log->Info("hello", {{"run", run}});
    // Read while the logger lives: a crash must not lose what was written.
    EXPECT_TRUE(ReadFile(file, 1_MiB)->ends_with("hello run=" + std::to_string(run) + "\n"));
  }
  const std::string all = *ReadFile(file, 1_MiB);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 2);
  EXPECT_FALSE(Logger::Open({.file = directory.path()}, clock)) << "a directory is no log file";
}

TEST(LogTest, LevelNamesRoundTripAndOthersAreRefused) {
  for (const Level level :
       {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError, Level::kOff}) {
    EXPECT_EQ(*ParseLevel(LevelName(level)), level);
  }
  const auto refused = ParseLevel("verbose");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::telemetry
