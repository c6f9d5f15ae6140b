// apps/strata/client/installation.h - what the server runs and has deployed, asked over its API:
// for `strata graph
// --system` and `strata roadmap --system`, which show an installation beside the documents.
//
//   GET /v1/status, /v1/resources, then each workload --> [ AskInstallation ] --> advisor
//
// One request for each workload: what was deployed or deleted meanwhile may be missing, or fail it.
//
// Threads:  one; blocks until the server has answered. Errors: those of Session::AskJson.
#pragma once

#include "advisor/system.h"
#include "base/result.h"
#include "client/session.h"

namespace strata::cli {

// Errors: those of Session::AskJson.
Result<advisor::Installation> AskInstallation(Session& session);

}  // namespace strata::cli
