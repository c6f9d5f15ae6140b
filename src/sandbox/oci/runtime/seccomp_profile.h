// sandbox/oci/runtime/seccomp_profile.h - the system calls that a container may make, in the OCI
// format. An allow-list; seccomp_calls.inc has the names.
//
// It is the set that container engines allow a process without capabilities, less what makes
// namespaces, mounts or asks about other processes. What is left out fails with EPERM where
// programs know that as a refusal, else with ENOSYS, so that they fall back to older calls.
//
// What it does not cover: what an allowed call does. ioctl, prctl and socket are allowed whole.
//
// Threads:  pure; the same each time. Tested by runtime_config_test.cc and tests/security.
#pragma once

#include "base/text/json.h"

namespace strata::sandbox::oci {

Json SeccompProfile();

}  // namespace strata::sandbox::oci
