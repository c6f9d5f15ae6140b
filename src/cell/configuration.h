// cell/configuration.h - the wire's Configure as the request path's plan, and what must hold before
// a cell may switch to it. Pure; no threads. Tested by configuration_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cell/given_mounts.h"
#include "cell/messages.h"
#include "route/plan.h"

namespace strata::cell {

// The directories and file systems that a process may reach (confinement.h).
struct AllowedPaths {
  std::vector<std::string> read_only;
  std::vector<std::string> read_write;
  std::vector<GivenVolume> volumes;
  std::vector<GivenScratch> scratch;
};

route::PlanSpec ToPlanSpec(Configure message);

// Every directory that `message` grants must be reachable, and no volume be held that it does not
// name: its file is somebody else's to have, or to remove. kFailedPrecondition names the first that
// is otherwise: the manager then starts a cell that has what is named.
Result<void> CheckGrants(const Configure& message, const AllowedPaths& allowed,
                         const std::string& scratch_root);

}  // namespace strata::cell
