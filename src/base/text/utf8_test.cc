#include "base/text/utf8.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace strata {
namespace {

using std::string_view_literals::operator""sv;

TEST(Utf8Test, CharactersOfEveryLengthAreRead) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\0b"sv));
  EXPECT_TRUE(IsUtf8("沙盒 é \U0001f600 \U0010ffff"));
  EXPECT_EQ(Utf8Length("a"), 1U);
  EXPECT_EQ(Utf8Length("é"), 2U);
  EXPECT_EQ(Utf8Length("沙盒"), 3U);
  EXPECT_EQ(Utf8Length("\U0001f600"), 4U);
}

TEST(Utf8Test, WhatIsNoCharacterIsNone) {
  for (const std::string_view text :
       {"\xff"sv, "\x80"sv, "\xc3"sv, "\xe6\xb2"sv, "\xc0\xaf"sv, "\xe0\x80\xaf"sv,
        "\xf0\x80\x80\xaf"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv}) {
    EXPECT_EQ(Utf8Length(text), 0U);
    EXPECT_FALSE(IsUtf8("a" + std::string(text)));
  }
}

}  // namespace
}  // namespace strata
