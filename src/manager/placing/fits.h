// manager/placing/fits.h - whether a class can do what a manifest asks of it, before anything is
// fetched or started. Its driver would refuse it, too, but later.
//
// Threads:  pure but for the process's own rights. Tested through Apply (tests/e2e/volumes_test.py,
//           services_test.py, placement_test.py).
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "manager/placing/candidate.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::manager {

// Every Service is a server, and a Function whose guest is 'http', which is kept warm instead of
// started for each call.
bool IsServer(const model::Resource& resource);

// kUnsupported: this manager cannot mount what class wasm would show of `workload`.
Result<void> CheckCellVolumes(const model::Workload& workload);

// Volumes, limits and what a server is to have. kUnsupported: that class cannot;
// kInvalidArgument: none could.
Result<void> CheckAbilities(const model::Resource& resource, model::Class sandbox_class);

// The class `inner`, or of a pair, as the manifest's spec.within makes it, the whole. `asked`: who
// named the class, for the message. kInvalidArgument: no artifact of the candidate runs in it;
// kUnsupported: there is no such pair, or it is not able to do what the manifest asks.
Result<model::Class> WholeClass(const Candidate& candidate, model::Class inner,
                                std::string_view asked);

// The class that the manifest names, as WholeClass has it; nothing: it leaves the choice to us.
Result<std::optional<model::Class>> AskedClass(const Candidate& candidate);

}  // namespace strata::manager
