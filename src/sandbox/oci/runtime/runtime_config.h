// sandbox/oci/runtime/runtime_config.h - the config.json of one container, as the OCI runtime
// specification has it: everything that confines the guest, in one pure function.
//
// Fixed for every container: own mount, pid, ipc, uts and network namespaces (the last without any
// interface but its loopback, unless one was made for it), no capabilities, no-new-privileges, the
// masked and read-only paths and the device list of the OCI defaults, a seccomp allow-list, no core
// dumps.
//
// With `users` also that user namespace, whose root is an ordinary user of the host's; without,
// root in the container is root of the host without capabilities.
//
// Threads:  pure. Errors: none: what cannot be done is refused before (image.h).
// Tested by sandbox/oci/runtime/runtime_config_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/bytes.h"
#include "base/text/json.h"
#include "host/cgroup/cgroup.h"
#include "host/confine/user_namespace.h"
#include "model/values.h"

namespace strata::sandbox::oci {

struct RuntimeConfigInput {
  const artifact::RootImage& image;
  const model::Env& env;        // over the image's own
  const model::Grants& grants;  // no volumes but as directories (shown_directories.h)
  std::string hostname;
  std::string root;         // the mounted root file system
  std::string cgroup_path;  // host::Cgroup::path()
  host::CgroupLimits limits;
  Bytes writable;                // of /tmp, and of each scratch directory without a size
  std::uint32_t files = 16'384;  // the same
  std::string agent;             // shown as /.strata-agent; empty: not
  bool gated = false;            // the program waits behind its gate (sandbox/agent_gate.h)
  std::string network;           // path of a network namespace to join; empty: a new one
  std::string resolv_conf;       // shown as /etc/resolv.conf; empty: the image's own
  const host::UserNamespace* users = nullptr;  // joined; null: none
};

Json MakeRuntimeConfig(const RuntimeConfigInput& input);

enum class Terminal { kNo, kYes };

// The "process" of a program beside the container's own, confined as that is; `env` over the
// image's variables.
Json MakeExecProcess(const artifact::RootImage& image, const model::Env& env,
                     const std::vector<std::string>& args, Terminal terminal);

}  // namespace strata::sandbox::oci
