// kube/shim/pod/config.h - what a pod asks for, and what a container's config.json becomes in a pod
// that no process holds.
//
//   CreateSandbox's options --> ReadPodSettings --> PodSettings --> pod/place.h
//   containerd's config.json --> JoinPod --> the OCI runtime
//
// containerd names the pod's namespaces by the pid of its pause process. There is none: the pod's
// pid is 0, and a namespace that is named by it and that the pod does not have is refused, never
// the host's by mistake.
//
// Pure; total on any input. Tested by kube/shim/pod/config_test.cc.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <google/protobuf/any.pb.h>

#include "base/result.h"
#include "base/text/json.h"

namespace strata::kube::shim {

struct PodSettings {
  std::string hostname;                    // empty: the host's
  bool host_network = false;               // then host name and /etc/resolv.conf's are, too
  bool host_ipc = false;                   // System V IPC, POSIX queues and /dev/shm
  bool host_processes = false;             // containers may see the host's
  bool share_processes = false;            // containers may see each other's
  std::optional<std::string> resolv_conf;  // none: a copy of the host's
  std::map<std::string, std::string> sysctls;
};

// `options`: Kubernetes' PodSandboxConfig, or nothing, which asks for nothing. kUnsupported: a user
// namespace (use containerd's pause container for it), or options of another kind;
// kInvalidArgument: a sysctl that is not the pod's own.
Result<PodSettings> ReadPodSettings(const google::protobuf::Any& options);

// Where a pod is: its bundle, in which are the places that PodPlace names, and its network
// namespace, a path (not used with host_network).
struct PodPlace {
  std::string bundle;
  std::string network;

  [[nodiscard]] std::string ipc() const { return bundle + "/ipc"; }
  [[nodiscard]] std::string uts() const { return bundle + "/uts"; }
  [[nodiscard]] std::string processes() const { return bundle + "/processes"; }
  [[nodiscard]] std::string shm() const { return bundle + "/shm"; }
  [[nodiscard]] std::string etc() const { return bundle + "/etc"; }
  [[nodiscard]] std::string hostname() const { return etc() + "/hostname"; }
  [[nodiscard]] std::string hosts() const { return etc() + "/hosts"; }
  [[nodiscard]] std::string resolv_conf() const { return etc() + "/resolv.conf"; }
};

// The id of the pod that a container's config.json says it is in; empty: in none.
std::string PodOf(const Json& config);

// `config` with the pod's namespaces, files of /etc and /dev/shm; what containerd mounts there
// stays. kUnsupported: it wants a namespace of the pod's process; kInvalidArgument: no such
// config.json.
Result<Json> JoinPod(Json config, const PodSettings& settings, const PodPlace& place);

}  // namespace strata::kube::shim
