// host/probe.h - what this host lets us do, found out by doing it in short-lived children.
//
// Feeds `strata probe`, and the manager's decision which protections it can give. Blocks for some
// milliseconds. Thread-safe; leaves nothing behind. Tested by host/probe_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"

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
