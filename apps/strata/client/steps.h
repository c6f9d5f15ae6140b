// apps/strata/client/steps.h - what an apply does while one waits for it: on a terminal one line
// that changes, else a line now and then, with -o json each step as a JSON line; always on standard
// error.
//
//   POST .../apply?progress --{"step"} lines--> [ AskWithSteps ] --> standard error
//                           --{"answer"} or {"error"}--> the caller
//
// Threads:  one; blocks until the server has answered. Errors: the server's, kUnavailable: it went
//           away before. Tested by tests/e2e/progress_test.py.
#pragma once

#include <string>

#include "base/text/json.h"
#include "client/session.h"
#include "output.h"

namespace strata::cli {

// "Function default/web: unpacking layer 2 of 5, 3.1 of 12.0 MiB".
std::string StepText(const Json& step);

// POSTs `body` to `target`, an apply with `progress`, shows its steps, and returns its answer.
Result<Json> AskWithSteps(Session& session, std::string target, const Json& body, Format format);

}  // namespace strata::cli
