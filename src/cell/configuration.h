// cell/configuration.h - the wire's Configure as the request path's plan, and what must hold before
// a cell may switch to it. Pure; no threads. Tested by configuration_test.cc.
#pragma once

#include "base/result.h"
#include "cell/messages.h"
#include "route/plan.h"

namespace strata::cell {

// The directories that a process may reach (confinement.h).
struct AllowedPaths {
  std::vector<std::string> read_only;
  std::vector<std::string> read_write;
};

route::PlanSpec ToPlanSpec(Configure message);

// Every directory that `message` grants must be reachable. kFailedPrecondition names the first that
// is not: the manager then starts a cell that may reach it.
Result<void> CheckGrants(const Configure& message, const AllowedPaths& allowed,
                         const std::string& scratch_root);

}  // namespace strata::cell
