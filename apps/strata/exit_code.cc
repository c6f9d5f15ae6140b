#include "exit_code.h"

namespace strata::cli {

int ExitCodeOf(Errc code) noexcept {
  switch (code) {
    case Errc::kInvalidArgument:
      return kUsage;
    case Errc::kNotFound:
      return kNotFound;
    case Errc::kFailedPrecondition:
      return kConflict;
    case Errc::kResourceExhausted:
    case Errc::kDeadlineExceeded:
    case Errc::kUnavailable:
      return kTryLater;
    case Errc::kPermissionDenied:
      return kDenied;
    case Errc::kUnsupported:
      return kUnsupported;
    case Errc::kInternal:
      break;
  }
  return kFailed;
}

}  // namespace strata::cli
