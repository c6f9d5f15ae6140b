#include "sandbox/start_failure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text/strings.h"

namespace strata::sandbox {

Error StartFailure(const std::string& words) {
  // Of execve, and of searches on a PATH.
  constexpr std::array<std::string_view, 2> kNotThere{"not found", "no such file"};
  constexpr std::array<std::string_view, 4> kNotRunnable{
      "permission denied", "operation not permitted", "exec format error", "is a directory"};
  // Of its working directory, and of a container that has gone: no word of the program.
  constexpr std::array<std::string_view, 3> kElse{"chdir", "/status`", "container `"};
  const std::string lower = Lower(words);
  const auto is_said = [&lower](std::string_view each) { return lower.contains(each); };
  if (std::ranges::any_of(kElse, is_said)) return {Errc::kFailedPrecondition, words};
  if (std::ranges::any_of(kNotRunnable, is_said)) {
    return {Errc::kPermissionDenied, "it cannot be run as a program: " + words};
  }
  if (std::ranges::any_of(kNotThere, is_said)) {
    return {Errc::kNotFound, "there is no such program in the sandbox: " + words};
  }
  return {Errc::kFailedPrecondition, words};
}

}  // namespace strata::sandbox
