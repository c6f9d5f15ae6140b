// host/process/terminal.h - a pseudo terminal: who holds the outer side types and sees; a program
// that has the inner side as its standard streams finds itself at a terminal.
//
//   strata exec -t, by api/handlers/exec.cc --bytes, size--> outer [ Terminal ] inner --> the
//   program
//
// The inner side becomes a program's controlling terminal when it is started with it (process.h).
//
// Threads:  any. Lifetime: either side may be closed first; the program then gets SIGHUP, or the
//           reader EIO. Errors: FailErrno's codes. Tested by host/process/terminal_test.cc.
#pragma once

#include <cstdint>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

struct TerminalSize {
  std::uint16_t rows = 24;
  std::uint16_t columns = 80;
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

struct Terminal {
  Fd outer;  // reads fail with EIO once nobody has the inner side any more
  Fd inner;
};

// Both sides block, are closed on exec, and become nobody's controlling terminal.
Result<Terminal> MakeTerminal(TerminalSize size);

// Either side. Who is in front of the terminal gets SIGWINCH, if this is a change.
Result<void> SetSize(const Fd& side, TerminalSize size);

// From now on bytes pass unchanged, in both directions, and mean nothing: for a terminal whose
// inner side leads to another one.
Result<void> MakeRaw(const Fd& side);

}  // namespace strata::host
