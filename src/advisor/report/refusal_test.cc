#include "advisor/report/refusal.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/names.h"
#include "advisor/units.h"

namespace strata::advisor {
namespace {

using ::testing::HasSubstr;

std::string InChinese(const Error& error) { return InLanguage(error, Language::kChinese).message; }

// By the first bytes of its signs; brackets and commas are none.
bool HasChinese(const std::string& text) {
  return std::ranges::any_of(text, [](char each) { return each >= '\xe4' && each <= '\xe9'; });
}

TEST(RefusalTest, EverySentenceIsFoundAgainWithWhatItWasFilledWith) {
  constexpr auto kLast = static_cast<std::uint8_t>(Refusal::kNoTerminal);
  for (std::uint8_t each = 0; each <= kLast; ++each) {
    const std::string english = Say(static_cast<Refusal>(each), {"model", "uno", "due", "tre"});
    const std::string chinese = InChinese({Errc::kNotFound, english});
    EXPECT_TRUE(HasChinese(chinese)) << english;
    EXPECT_EQ(InLanguage({Errc::kNotFound, english}, Language::kEnglish).message, english);
    for (const char* with : {"uno", "due", "tre"}) {
      EXPECT_EQ(english.contains(with), chinese.contains(with)) << english << " | " << chinese;
    }
    // Of a kind there is Chinese; what is quoted stays.
    EXPECT_EQ(english.contains("'model'"), chinese.contains("model")) << chinese;
  }
}

TEST(RefusalTest, NamesAreRefusedInBothLanguages) {
  Names names("model", "strata model --list");
  for (const char* each : {"npv", "tco", "density"}) names.Add(each, each);
  EXPECT_EQ(InChinese(names.Find("nvp").error()), "没有模型 'nvp'；是否指 'npv'？");
  EXPECT_EQ(InChinese(names.Find("zzzzzzz").error()),
            "没有模型 'zzzzzzz'；可用：density, npv, tco");
  // Who says an English sentence reads it again as it was.
  EXPECT_EQ(InChinese(names.Find("no model 'a'; did you mean 'b'?").error()),
            "没有模型 'no model 'a'; did you mean 'b'?'；可用：density, npv, tco");
}

TEST(RefusalTest, WhatStandsBeforeAndBehindASentenceIsTranslatedToo) {
  EXPECT_EQ(InChinese(ReadQuantity("5 sm", "ms").error()),
            "'5 sm'：没有单位 'sm'；是否指 'ms'？（此处可用单位：ns, us, ms, s, min, hours, days, "
            "months, years）");
  EXPECT_EQ(InChinese(ReadQuantity("5 percent", "%").error()),
            "'5 percent'：没有单位 'percent'；是否指 '%'？（此处可用单位：%）");
  EXPECT_EQ(InChinese(ReadQuantity("5 GiB", "%").error()),
            "'5 GiB': 'GiB' 不能度量以 '%' 计的量（此处可用单位：%）");
  EXPECT_EQ(InChinese(Wrap(ReadQuantity("x", "instances").error(), "wasm.start").error()),
            "wasm.start：'x' 不是数值（此处可用单位：instances）");
  EXPECT_EQ(InChinese({Errc::kNotFound, "no level 'q'; did you mean 'low', 'high' or 'none'?"}),
            "没有级别 'q'；是否指 'low', 'high' 或 'none'？");
}

TEST(RefusalTest, AFolderThatCannotBeWrittenToIsSaidWithTheSystemsReason) {
  const Error refused = FailErrno("nothing can be written to '/x'", EACCES).error();
  EXPECT_EQ(refused.message, "nothing can be written to '/x': Permission denied");
  EXPECT_EQ(InChinese(refused), "无法写入 '/x'：Permission denied");
}

TEST(RefusalTest, ASentenceOfOthersStays) {
  const Error other{Errc::kInternal, "open /x: no such file"};
  EXPECT_EQ(InLanguage(other, Language::kChinese), other);
  EXPECT_THAT(InChinese({Errc::kNotFound, "no node 'x'"}), HasSubstr("节点"));
}

}  // namespace
}  // namespace strata::advisor
