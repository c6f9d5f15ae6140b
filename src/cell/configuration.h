// cell/configuration.h - the wire's Configure as the request path's plan, and what must hold before
// a cell may switch to it.
//
//   Configure --CheckGrants--> ToPlanSpec --> route::Plan::Build --> Cell switches
//
// A cell's confinement is what it was started with (confinement.h); a configuration can use it and
// not widen it. So one that grants more is refused as a whole, and the cell serves on as before.
//
// Threads:  pure. Lifetime: descriptors in AllowedPaths are numbers, owned by who was started with
//           them. Errors: of CheckGrants only. Tested by configuration_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cell/start/given_mounts.h"
#include "cell/wire/messages.h"
#include "route/plan/plan.h"

namespace strata::cell {

// The directories and file systems that a process may reach (confinement.h).
struct AllowedPaths {
  std::vector<std::string> read_only;
  std::vector<std::string> read_write;
  std::vector<GivenVolume> volumes;
  std::vector<GivenScratch> scratch;
};

// Only names and numbers change hands; what is wrong with them Plan::Build says.
route::PlanSpec ToPlanSpec(Configure message);

// Every directory that `message` grants must be reachable, and no volume be held that it does not
// name: its file is somebody else's to have, or to remove. kFailedPrecondition names the first that
// is otherwise: the manager then starts a cell that has what is named.
Result<void> CheckGrants(const Configure& message, const AllowedPaths& allowed,
                         const std::string& scratch_root);

}  // namespace strata::cell
