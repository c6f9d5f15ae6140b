// inventory/programs.h - programs that are installed here, and what they say of themselves.
//
// A program is asked with arguments that only print something, without a shell, an input or the
// caller's environment; it is killed when it is slower than its patience, and all together are
// given no more than a bound. Whoever can write to PATH chooses what runs, as with every program.
//
// Threads: any; each call blocks its thread, so it is not for a loop. Tested by programs_test.cc.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace strata::inventory {

// Longest that one program is waited for, and all that one Questions asks.
inline constexpr std::chrono::milliseconds kPatience{2'000};
inline constexpr std::chrono::milliseconds kPatienceWithAll{6'000};

// The first executable of that name on PATH.
std::optional<std::filesystem::path> FindInstalled(std::string_view name);

// Asks programs, one after the other, all within one bound.
class Questions {
 public:
  // What the program prints when run with these arguments (empty ones are left out); empty: it
  // printed nothing, or there was no time for it. Nothing: it is not installed.
  std::optional<std::string> Ask(std::string_view program,
                                 std::span<const std::string_view> arguments) const;

 private:
  std::chrono::steady_clock::time_point until_ =
      std::chrono::steady_clock::now() + kPatienceWithAll;
};

// What each technology of the facts that is installed says when asked for its version, by its name
// there: one line, or why there is none. Of "eBPF": the kernel's release.
std::map<std::string, std::string> FindVersions();

}  // namespace strata::inventory
