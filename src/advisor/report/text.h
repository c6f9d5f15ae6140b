// advisor/report/text.h - a text in the two languages of the facts.
//
//   facts (label, zh), our own words --> [ Text ] --In(language)--> what is shown
//
// Both go with every answer; which is shown is decided last, by whoever shows it. UTF-8.
//
// Threads:  values. Errors: kInvalidArgument of ParseLanguage only. Tested by report_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::advisor {

enum class Language : std::uint8_t { kEnglish, kChinese };

// "en" or "zh" in any case, also of a country: "zh-CN", "zh_CN.UTF-8".
Result<Language> ParseLanguage(std::string_view name);
std::string_view LanguageName(Language language) noexcept;

// `zh` is empty where there is no translation, and for what is the same in both.
struct Text {
  std::string en;
  std::string zh;

  [[nodiscard]] const std::string& In(Language language) const noexcept {
    return language == Language::kChinese && !zh.empty() ? zh : en;
  }
  [[nodiscard]] bool empty() const noexcept { return en.empty() && zh.empty(); }
  friend bool operator==(const Text&, const Text&) = default;
};

// Both languages at once: `left`, `between`, `right`; an empty side leaves `between` out.
Text Join(const Text& left, std::string_view between, const Text& right);

// "yes" or "no".
Text YesOrNo(bool yes);

// "a, b, c".
std::string Listed(std::span<const std::string> words, std::string_view between = ", ");

}  // namespace strata::advisor
