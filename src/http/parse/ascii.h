// http/parse/ascii.h - the character classes of RFC 9110, and comparison without case. ASCII only:
// no locale can change what a header name is.
//
// Of heads from the network, on every request's way: constexpr, no allocation, each one pass over
// the text. Bytes above 127 are no token characters, and allowed in a field's value.
//
// Threads:  pure; any. Total. Tested by parser_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace strata::http {

namespace ascii_detail {

constexpr std::array<bool, 256> TokenTable() {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
inline constexpr std::array<bool, 256> kToken = TokenTable();

}  // namespace ascii_detail

constexpr bool IsTokenChar(char c) { return ascii_detail::kToken[static_cast<unsigned char>(c)]; }

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// A header name or a method: one or more token characters.
constexpr bool IsToken(std::string_view text) {
  for (char c : text) {
    if (!IsTokenChar(c)) return false;
  }
  return !text.empty();
}

// What a field's value may hold: no control character but the tab. Branchless, so that the
// compiler vectorises it: every byte of every head passes here.
constexpr bool IsFieldText(std::string_view text) {
  unsigned bad = 0;
  for (char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    bad |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
    bad |= static_cast<unsigned>(byte == 0x7F);
  }
  return bad == 0;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (LowerAscii(a[i]) != LowerAscii(b[i])) return false;
  }
  return true;
}

// `text` without spaces and tabs at both ends.
constexpr std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace strata::http
