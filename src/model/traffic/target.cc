#include "model/traffic/target.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace strata::model {

std::string Target::ToString() const {
  std::string text;
  if (revision) text.append("@").append(std::to_string(*revision));
  if (sandbox_class) text.append(":").append(ClassName(*sandbox_class));
  return text;
}

std::optional<Target> ParseTarget(std::string_view text) {
  Target target;
  const std::size_t colon = std::min(text.find(':'), text.size());
  if (colon < text.size()) {
    target.sandbox_class = ClassFromName(text.substr(colon + 1));
    if (!target.sandbox_class) return std::nullopt;
  }
  const std::string digits(text.substr(0, colon));
  if (digits.empty()) return target;
  std::uint32_t revision = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data() + 1, end, revision);
  // One spelling for each: equal targets are equal texts.
  if (digits.front() != '@' || digits.substr(1).starts_with('0') || read.ec != std::errc{} ||
      read.ptr != end) {
    return std::nullopt;
  }
  target.revision = revision;
  return target;
}

}  // namespace strata::model
