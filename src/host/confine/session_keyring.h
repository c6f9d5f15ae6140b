// host/confine/session_keyring.h - a session keyring of the process's own (keyrings(7)).
//
// Programs inherit it. OCI runtimes make each container one of its own instead, which counts
// against the 200 keys that its user may have (kernel.keys.maxkeys), also for some time after the
// container has ended: a tenant's sandboxes have one user, and would end there. So runtimes are
// told not to (sandbox/oci/runtime), and whoever starts them has an empty keyring to inherit, not
// the one of the person who started us.
//
// Protects: keys of that person from what we start. Does not protect: sandboxes that share it from
// each other, where they may call keyctl, add_key or request_key; our containers may not.
//
// Threads:  the calling one and those that it starts. Cannot be undone. Tested by
// session_keyring_test.cc.
#pragma once

#include "base/result.h"

namespace strata::host {

// FailErrno's codes; kUnsupported: the kernel has no keys, and so nobody has any.
Result<void> JoinOwnSessionKeyring();

}  // namespace strata::host
