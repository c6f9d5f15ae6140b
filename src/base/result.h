// base/result.h - the one error type of the project.
//
// A function that can fail for a reason outside the program (kernel, network, guest, user input)
// returns Result<T>. A broken invariant is a bug: use STRATA_CHECK (base/check.h) and crash. We
// throw nothing of our own; exceptions from libraries are caught and turned into an Error at the
// file that calls them.
//
// Threads: values; no shared state. Tested by base/result_test.cc.
#pragma once

#include <cstdint>
#include <expected>  // libstdc++ 12 has it under -std=c++23, without the monadic members
#include <string>
#include <string_view>
#include <utility>

namespace strata {

// What the CALLER should do about a failure. Keep this list short: a detail goes in the message.
enum class Errc : std::uint8_t {
  kInvalidArgument,     // the request itself is wrong; never retry it unchanged
  kNotFound,            // no such sandbox, image or file
  kFailedPrecondition,  // right request, wrong state; fix the state first
  kResourceExhausted,   // a quota or a host resource ran out; retry later or elsewhere
  kPermissionDenied,    // policy or kernel said no; retrying cannot help
  kDeadlineExceeded,    // gave up waiting; the work may still have happened
  kUnavailable,         // transient; the caller may retry just this call
  kUnsupported,         // this host or this driver cannot do that, ever
  kInternal,            // our bug, reported instead of crashing because a guest was involved
};

// Stable upper-case name used on the wire and in logs: "INVALID_ARGUMENT", "NOT_FOUND", ...
std::string_view ErrcName(Errc code) noexcept;
// The code that has this name; kInternal for any other text, as a peer's failure of unknown kind.
Errc ErrcFromName(std::string_view name) noexcept;

struct Error {
  Errc code = Errc::kInternal;
  std::string message;  // for a human, outermost context first: "start vm-7: open /dev/kvm: EACCES"

  friend bool operator==(const Error&, const Error&) = default;
};

// Holds a T or an Error. The type is [[nodiscard]] (std::expected is not), so a dropped failure is
// a compiler warning, which the build turns into an error.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> Fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// Re-raises `error` with "`context`: " in front of its message. The code is kept.
inline std::unexpected<Error> Wrap(Error error, const std::string& context) {
  error.message = context + ": " + error.message;
  return std::unexpected(std::move(error));
}

// The failure of a system call: `what` ("open /x"), ": ", the system's words for `err`. The code is
// chosen from `err`. `err` is passed in, not read here, so that building `what` cannot clobber it.
std::unexpected<Error> FailErrno(const std::string& what, int err);

}  // namespace strata
