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

}  // namespace strata::sandbox
