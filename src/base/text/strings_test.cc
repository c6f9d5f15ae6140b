#include "base/text/strings.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(StringsTest, EditDistanceCountsSingleChanges) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("memory", "memory"), 0U);
  EXPECT_EQ(EditDistance("memry", "memory"), 1U);
  EXPECT_EQ(EditDistance("mmeory", "memory"), 1U) << "a swap is one change";
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("ca", "abc"), 3U) << "a swapped pair is not changed again";
}

TEST(StringsTest, NearestFindsTheTypoAndNothingFarAway) {
  constexpr std::array<std::string_view, 4> kNames = {"memory_mib", "timeout_ms", "env", "grants"};
  EXPECT_EQ(Nearest("memory_mb", kNames), "memory_mib");
  EXPECT_EQ(Nearest("timeoutms", kNames), "timeout_ms");
  EXPECT_EQ(Nearest("ENV", kNames), "env");
  EXPECT_EQ(Nearest("colour", kNames), std::nullopt);
  EXPECT_EQ(Nearest("", kNames), std::nullopt);
  EXPECT_EQ(Nearest("x", {}), std::nullopt);
  EXPECT_EQ(Nearest(std::string(1'000'000, 'm'), kNames), std::nullopt);
}

TEST(StringsTest, DidYouMeanIsTheEndOfARefusal) {
  constexpr std::array<std::string_view, 2> kNames = {"functions", "routes"};
  EXPECT_EQ(DidYouMean("function", kNames), "; did you mean 'functions'?");
  EXPECT_EQ(DidYouMean("colour", kNames), "");
}

TEST(StringsTest, ANumberIsAllOfTheTextAndWithinItsBounds) {
  EXPECT_EQ(ReadNumber("0", 10), 0.0);
  EXPECT_EQ(ReadNumber("1e1", 10), 10.0);
  EXPECT_EQ(ReadNumber("0.25", 10), 0.25);
  for (const char* wrong : {"", " 1", "1 ", "1x", "-1", "10.5", "nan", "inf", "+1", "1,5"}) {
    EXPECT_EQ(ReadNumber(wrong, 10), std::nullopt) << wrong;
  }
}

TEST(StringsTest, EscapedTextCannotMoveACursorOrFakeALine) {
  EXPECT_EQ(EscapeControl("plain \xc3\xa4"), "plain \xc3\xa4");
  EXPECT_EQ(EscapeControl("a\nb\tc\\d"), "a\\nb\\tc\\d");
  EXPECT_EQ(EscapeControl("\x1b[31m\x7f\r"), "\\x1b[31m\\x7f\\x0d");
  EXPECT_EQ(EscapeControl("\xc2\x9b"), "\\xc2\\x9b") << "the one-character form of ESC [";
  EXPECT_EQ(EscapeControl("\xc2"), "\xc2");
  EXPECT_EQ(EscapeControl(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(EscapeControl(EscapeControl("a\n\x1b\\")), "a\\n\\x1b\\") << "escaped once";
}

}  // namespace
}  // namespace strata
