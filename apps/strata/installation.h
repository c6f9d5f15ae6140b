// installation.h - what the server runs and has deployed, asked over its API.
#pragma once

#include "advisor/system.h"
#include "base/result.h"
#include "session.h"

namespace strata::cli {

// Errors: those of Session::AskJson.
Result<advisor::Installation> AskInstallation(Session& session);

}  // namespace strata::cli
