// advisor/report/words.h - words of ours and the same in Chinese, looked up in a table of such.
//
//   kWords --> [ ChineseOf ] --> KindText, RelationText (kinds.h), ReasonText (measured/reasons.h)
//
// Pure. Tested by kinds_test.cc.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace strata::advisor {

struct Word {
  std::string_view english;
  std::string_view chinese;
};

// Empty: it is none of `words`.
constexpr std::string_view ChineseOf(std::span<const Word> words, std::string_view english) {
  const auto found = std::ranges::find(words, english, &Word::english);
  return found == words.end() ? std::string_view() : found->chinese;
}

}  // namespace strata::advisor
