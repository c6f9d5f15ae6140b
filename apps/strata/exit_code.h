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
  kFailed = 1,       // the server or the guest failed
  kUsage = 2,        // wrong command line or manifest
  kNotFound = 3,     // no such resource
  kNoServer = 4,     // stratad does not run or does not answer
  kConflict = 5,     // right request, wrong state
  kTryLater = 6,     // a limit, a deadline, or not available now
  kDenied = 7,       // not allowed
  kUnsupported = 8,  // this version or host cannot do that
};

// kNoServer is no Errc's: Session knows when nobody answered.
int ExitCodeOf(Errc code) noexcept;

}  // namespace strata::cli
