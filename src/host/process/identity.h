// host/process/identity.h - who a process of this host runs as.
//
// Threads: any. Errors: as below. Tested by identity_test.cc.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "host/process/process.h"

namespace strata::host {

// The real user and group of `pid`, which a process without capabilities cannot change. kNotFound:
// there is no such process.
Result<Identity> IdentityOf(pid_t pid);

// The same of the text of /proc/<pid>/status; none: it does not say.
std::optional<Identity> IdentityIn(std::string_view status);

}  // namespace strata::host
