// kube/shim/pod/pod.h - one pod that the shim holds for containerd ("sandbox"), without a process
// of its own unless its containers share process ids.
//
//   created --Start--> ready --Stop--> stopping --> stopped --Shutdown--> forgotten
//
// Threads: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "kube/shim/pod/config.h"
#include "kube/shim/pod/processes.h"

namespace strata::kube::shim {

enum class PodState : std::uint8_t { kCreated, kStarting, kReady, kStopping, kStopped };

struct Pod {
  PodSettings settings;
  PodPlace place;
  std::optional<PodProcesses> processes;  // the worker's, from kStarting to kStopped
  WallTime created_at{};
  PodState state = PodState::kCreated;
  WallTime exited_at{};
};

// By containerd's namespace and the pod's id: unique only together.
using Pods = std::map<std::pair<std::string, std::string>, std::shared_ptr<Pod>>;

}  // namespace strata::kube::shim
