// sandbox/start_failure.h - a program beside a server that could not be started, told apart as a
// shell does: there is none of that name, it cannot be run, or something else went wrong.
//
//   an OCI runtime's or the agent's words --> [ StartFailure ] --> Execution::Wait --> keeper
//
// Runtimes say it in text alone, and the guest has a part in it. It decides nothing but what the
// one who asked for the program is told.
//
// Threads:  pure. Tested by start_failure_test.cc and, with every runtime's words, by
// tests/contract.
#pragma once

#include <string>

#include "base/result.h"

namespace strata::sandbox {

// kNotFound: there is no such program; kPermissionDenied: it is none that may or can be run; else
// kFailedPrecondition. `words` stay behind what that means.
Error StartFailure(const std::string& words);

}  // namespace strata::sandbox
