#include "model/target.h"

#include <charconv>
#include <system_error>

namespace strata::model {

std::string Target::ToString() const {
  if (revision) return "@" + std::to_string(*revision);
  if (sandbox_class) return ":" + std::string(ClassName(*sandbox_class));
  return {};
}

std::optional<Target> ParseTarget(std::string_view text) {
  if (text.empty()) return Target{};
  const std::string_view rest = text.substr(1);
  if (text.front() == ':') {
    const auto sandbox_class = ClassFromName(rest);
    if (!sandbox_class) return std::nullopt;
    return Target{.revision = {}, .sandbox_class = sandbox_class};
  }
  std::uint32_t revision = 0;
  const std::string digits(rest);
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, revision);
  // One spelling for each: equal targets are equal texts.
  if (text.front() != '@' || rest.starts_with('0') || read.ec != std::errc{} || read.ptr != end) {
    return std::nullopt;
  }
  return Target{.revision = revision, .sandbox_class = {}};
}

}  // namespace strata::model
