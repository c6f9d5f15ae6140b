// kube/shim/wasm/config.h - what a container's config.json says to class wasm: a WASI command or a
// wasi:http component, what it sees and how much it may use. Everything that it names and this
// class has not is refused, but for what only Linux programs have: devices, /proc, /sys,
// namespaces, capabilities, seccomp.
//
// Pure; total on any input. Tested by kube/shim/wasm/config_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "host/process/process.h"
#include "kube/shim/task/own_group.h"
#include "model/values.h"

namespace strata::kube::shim {

struct WasmConfig {
  enum class Network : std::uint8_t {
    kHost,
    kPod,   // of a namespace that somebody else made
    kNone,  // of a new namespace, which leads nowhere
  };
  struct Directory {
    std::string host;
    std::string guest;
    bool writable = false;
  };
  std::vector<std::string> arguments;  // the first is the module, a path in the root
  model::Env environment;
  bool root_writable = true;
  std::vector<Directory> mounts;  // bound over the root; may turn out to be files
  GroupPlan group;
  // Of the process; none: the user of the tenant's cells, which root becomes, too.
  std::optional<host::Identity> user;
  std::string tenant;  // whose cells it is one of
  std::optional<int> oom_score_adjust;
  // Of a component; a command has no sockets.
  Network network = Network::kHost;
  std::string network_path;  // of kPod
  std::uint16_t http_port = 8080;
  std::optional<model::Limits> request_limits;  // of each request that it answers
};

// `name_space`: containerd's, the tenant of what is in no pod. kInvalidArgument: no such config, or
// arguments and variables that no command takes (cell/roles/command_plan.h); kUnsupported: a
// terminal, or a limit that nobody would enforce.
Result<WasmConfig> ReadWasmConfig(const Json& config, const std::string& name_space);

}  // namespace strata::kube::shim
