// host/probe.h - what this host lets us do, found out by doing it in short-lived children.
//
//   strata-keeper --probe --> [ ProbeHost ], then a sandbox of each class --> strata probe, the API
//
// Which protections a cell really gets is not decided by this: cell/start/confinement.h tries each
// itself, and fails.
//
// Threads:  any, of a process that may fork. Blocks for some milliseconds; leaves nothing behind.
// Errors:   none: what does not work is a Feature with the reason. Tested by host/probe_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/text/json.h"

namespace strata::host {

struct Feature {
  std::string name;  // stable: "root", "user-namespaces", "network-namespace", "landlock", ...
  bool available = false;
  std::string detail;   // what was seen: "ABI 7", "open /dev/kvm: Permission denied"
  std::string without;  // what is lost where it is not available
};

// Always the same names in the same order: kernel, kernel-ebpf,
// cgroup-v2, root, user-namespaces, network-namespace,
// landlock, seccomp, pidfd, memfd-sealing, cgroup, kvm.
std::vector<Feature> ProbeHost();

// {"checks": [{"name", "available", "detail", "without"}]}: what `strata probe` and the API say.
Json FeaturesToJson(std::span<const Feature> features);

}  // namespace strata::host
