// kube/shim/microvm/config.h - what a container's config.json asks of class microvm: the machine,
// what of the host is copied into it, and what the OCI runtime in it is told.
//
//   config.json --> [ ReadMicrovmConfig ] --> MicrovmBackend --kStart {guest}--> agent --> runtime
//
// What confines the programs in the machine is what containerd decided: seccomp, capabilities,
// users, masked paths. What the machine cannot have is refused here, before anything is made.
//
// Threads:  pure.
// Errors:   kInvalidArgument: no such file is written by containerd; kUnsupported: the class has
//           none of that. Tested by kube/shim/microvm/config_test.cc,
//           tests/fuzz/kube_config_fuzz.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "kube/shim/pod/config.h"
#include "kube/shim/task/own_group.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::kube::shim {

struct MicrovmConfig {
  GroupPlan group;         // of QEMU: limits hold it and the whole machine
  Bytes machine;           // the guest's memory
  Bytes memory;            // of it, the programs'
  std::uint32_t pids = 0;  // in the guest
  std::string network;     // path of the pod's namespace; empty: no network
  std::string hostname;    // of the machine
  // Of QEMU, as of a program outside a machine; never the shim's own, which the kernel spares.
  int oom_score_adjust = 0;

  // A file or directory that the guest has a copy of, as a tree of its disk.
  struct Copy {
    std::string host;
    std::string tree;
    friend bool operator==(const Copy&, const Copy&) = default;
  };
  std::vector<Copy> copies;

  Json guest;  // config.json for the runtime in the machine
};

// `pod`: of the container's pod; none: as it is by default.
Result<MicrovmConfig> ReadMicrovmConfig(Json config, const PodSettings& pod);

// The program that the agent starts: the first one, as `config` says, or one beside it, as
// `process` of the OCI runtime specification does.
sandbox::microvm::Program FirstProgram(const MicrovmConfig& config, bool terminal);
Result<sandbox::microvm::Program> SideProgramOf(const std::string& process, bool terminal);

// New limits of its group, from what ReadNewLimits takes. kUnsupported: another limit of memory or
// of processes than `config` has, which the machine keeps.
Result<host::CgroupLimits> ReadMicrovmUpdate(const std::string& resources,
                                             const MicrovmConfig& config);

}  // namespace strata::kube::shim
