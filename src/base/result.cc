#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace strata {
namespace {

Errc CodeFor(int err) {
  switch (err) {
    case EINVAL:
    case ENAMETOOLONG:
      return Errc::kInvalidArgument;
    case ENOENT:
    case ESRCH:
      return Errc::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
    case EBUSY:
    case ENOTDIR:
    case EISDIR:
    case EADDRINUSE:
      return Errc::kFailedPrecondition;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EDQUOT:
      return Errc::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::kPermissionDenied;
    case ETIMEDOUT:
      return Errc::kDeadlineExceeded;
    case ENOSYS:
    case EOPNOTSUPP:
      return Errc::kUnsupported;
    default:
      return Errc::kUnavailable;
  }
}

}  // namespace

std::string_view ErrcName(Errc code) noexcept {
  switch (code) {
    case Errc::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Errc::kNotFound:
      return "NOT_FOUND";
    case Errc::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Errc::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Errc::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Errc::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Errc::kUnavailable:
      return "UNAVAILABLE";
    case Errc::kUnsupported:
      return "UNSUPPORTED";
    case Errc::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

Errc ErrcFromName(std::string_view name) noexcept {
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    if (ErrcName(static_cast<Errc>(code)) == name) return static_cast<Errc>(code);
  }
  return Errc::kInternal;
}

std::unexpected<Error> FailErrno(const std::string& what, int err) {
  return Fail(CodeFor(err), what + ": " + std::system_category().message(err));
}

}  // namespace strata
