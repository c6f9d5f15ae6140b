// sandbox/oci/shown_directories.h - the directories of the host and the named volumes that a
// sandbox sees, each mounted once below its bundle, from where the runtime binds them.
//
// A directory is opened without following a link, and what was opened is mounted: a path that
// somebody changes afterwards is not looked at again. With a user namespace the mount is mapped:
// what root inside makes belongs to 0 there, in this and every later sandbox. A volume's file
// system is mounted from its one loop device, so every sandbox of this host that has it shares one
// file system of the kernel.
//
// Threads: the worker's, in whose mount namespace the mounts are: they go with the bundle, or with
// the process. Errors: kNotFound: no such directory; kInvalidArgument: a link on the way to it;
// those of host::AttachLoop and mount. Tested by tests/contract.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "host/confine/user_namespace.h"
#include "model/values.h"

namespace strata::sandbox::oci {

// Mounts what `grants` name below `at`, which is the bundle's tmpfs, for the users of `users`
// (null: for the host's). The same grants, in which `host` is the place here and volumes are
// directories. kUnsupported: the file system of one cannot be mapped.
Result<model::Grants> ShowDirectories(const model::Grants& grants, const std::filesystem::path& at,
                                      const host::UserNamespace* users);

}  // namespace strata::sandbox::oci
