// exit_code.h - what `strata` exits with; scripts rely on these numbers, `strata --help` lists
// them.
//
//   Error --> Session::Report --> [ ExitCodeOf ] --> main's return
//
// One for each thing that a script would do next, and not for each Errc. `strata exec` ends with
// its program's own status instead, as a shell does. A number is never given another meaning.
#pragma once

#include "base/result.h"

namespace strata::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       // the server failed, or a guest answered a call with 400 and above
  kUsage = 2,        // wrong command line or manifest
  kNotFound = 3,     // no such resource
  kNoServer = 4,     // stratad does not run or does not answer
  kConflict = 5,     // right request, wrong state
  kTryLater = 6,     // a limit, a deadline, or not available now
  kDenied = 7,       // not allowed
  kUnsupported = 8,  // this version or host cannot do that
  kGuestEnded = 9,   // a call's guest ended without an answer: a limit of its own, a crash
};

// kNoServer and kGuestEnded are no Errc's: Session knows when nobody answered, guest_end.h the
// other.
int ExitCodeOf(Errc code) noexcept;

}  // namespace strata::cli
