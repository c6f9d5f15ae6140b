#include "sandbox/spec_check.h"

#include <algorithm>
#include <string>

namespace strata::sandbox {
namespace {

constexpr std::size_t kMaxIdLength = 64;

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

Result<void> CheckId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) {
    return Fail(Errc::kInvalidArgument, "sandbox id must have 1 to 64 characters");
  }
  if (!std::ranges::all_of(id, IsIdCharacter)) {
    return Fail(Errc::kInvalidArgument, "sandbox id '" + std::string(id) + "' is not [a-z0-9-]");
  }
  return {};
}

Result<void> CheckProgramLimits(const model::Limits& limits, Bytes least, Bytes most,
                                std::string_view what) {
  if (limits.memory < least || limits.memory > most) {
    return Fail(Errc::kUnsupported, "limits.memory: " + std::string(what) + " can have " +
                                        std::to_string(least.count) + " to " +
                                        std::to_string(most.count) + " bytes here");
  }
  if (limits.table_elements != model::kMostTableElements) {
    return Fail(Errc::kUnsupported,
                "limits.table_elements: " + std::string(what) + " has no tables");
  }
  return {};
}

}  // namespace strata::sandbox
