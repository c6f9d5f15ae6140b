#include "base/text/strings.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

namespace strata {
namespace {

// Longer names are no typing errors, and the work is quadratic.
constexpr std::size_t kMaxNameLength = 128;

void AppendHex(std::string& to, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to += "\\x";
  to += kHex[byte >> 4];
  to += kHex[byte & 15];
}

void AppendEscaped(std::string& to, unsigned char character) {
  if (character == '\n') {
    to += "\\n";
  } else if (character == '\t') {
    to += "\\t";
  } else if (character < 0x20 || character == 0x7f) {
    AppendHex(to, character);
  } else {
    to += static_cast<char>(character);
  }
}

// The second half of a C1 control (U+0080 to U+009F), which is C2 80 to C2 9F in UTF-8: terminals
// obey U+009B like ESC [.
bool IsC1(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size() || text[at] != '\xc2') return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next >= 0x80 && next <= 0x9f;
}

}  // namespace

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return lower;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: [j] is the distance of a's prefix to b's first j characters.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> Nearest(std::string_view name,
                                        std::span<const std::string_view> candidates) {
  if (name.size() > kMaxNameLength) return std::nullopt;
  const std::string wanted = Lower(name);
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance = 0;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(wanted, Lower(candidate));
    if (distance > std::max<std::size_t>(1, candidate.size() / 3)) continue;
    if (nearest && distance >= nearest_distance) continue;
    nearest = candidate;
    nearest_distance = distance;
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  const auto nearest = Nearest(name, candidates);
  return nearest ? "; did you mean '" + std::string(*nearest) + "'?" : "";
}

std::optional<double> ReadNumber(std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = error == std::errc() && end == text.data() + text.size();
  // Written so that what is no number fails, too.
  if (!all || !(value >= 0 && value <= most)) return std::nullopt;
  return value;
}

std::string EscapeControl(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsC1(text, i)) {
      AppendHex(escaped, static_cast<unsigned char>(text[i]));
      AppendHex(escaped, static_cast<unsigned char>(text[++i]));
    } else {
      AppendEscaped(escaped, static_cast<unsigned char>(text[i]));
    }
  }
  return escaped;
}

}  // namespace strata
