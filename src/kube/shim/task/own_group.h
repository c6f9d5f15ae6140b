// kube/shim/task/own_group.h - the control group of a container whose processes we start in it
// ourselves: where config.json says and with its limits. That of a container which runc makes is
// runc's, and noted here.
//
//   config.json --> [ GroupPlan --> MakeOwnGroup ] --> OciBackend, WasmBackend
//
// Threads: any; RemoveOwnGroup blocks for seconds at worst. Tested by own_group_test.cc,
// wasm/config_test.cc, tests/kube/wasm_test.py.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "host/cgroup/cgroup.h"

namespace strata::kube::shim {

struct GroupPlan {
  std::string path;
  host::CgroupLimits limits;
  Bytes least_memory;  // that its processes need; zero: any
};

// `linux`: that member of config.json. kInvalidArgument: no path, or limits that cannot be;
// kUnsupported: a group of systemd's.
Result<GroupPlan> ReadGroupPlan(const Json& linux);

// "linux.resources" of config.json. kUnsupported: a limit that only a runtime would keep, by its
// name; kInvalidArgument: one that cannot be. No limit is written as nothing, null, 0 or below.
Result<host::CgroupLimits> ReadLimits(const Json& resources);

// The same of an Update, in JSON: what it names without a limit (0 or below) loses the one it had,
// what it does not name stays.
Result<host::CgroupLimits> ReadNewLimits(const std::string& resources);

// kUnsupported: a limit below `least`.
Result<void> CheckMemory(const host::CgroupLimits& limits, Bytes least);

// Notes it in `bundle` first: `delete` finds by that what a killed shim leaves. kUnsupported: a
// limit that nobody would enforce; else Cgroups' errors.
Result<std::shared_ptr<host::Cgroup>> MakeOwnGroup(const host::Cgroups& groups,
                                                   const std::string& bundle,
                                                   const GroupPlan& plan);

// Notes that a runtime is about to make the group at `path`, for `delete`: a runtime that is killed
// while it makes a container has written down nothing by which it would find the group. A group
// that is there is somebody else's, and not noted. kUnsupported: one of systemd's.
Result<void> NoteRuntimesGroup(const host::Cgroups& groups, const std::string& bundle,
                               const std::string& path);

// New limits, as ReadNewLimits takes them. kUnsupported: less memory than `least`; null `group`:
// kFailedPrecondition.
Result<void> LimitOwnGroup(host::Cgroup* group, const std::string& resources, Bytes least = {});

// Kills what runs in it.
Result<void> RemoveOwnGroup(host::Cgroup& group);
// The same of what a killed shim left, by the note in `bundle`, in every hierarchy. Succeeds when
// there is nothing, or the group is none of ours. kDeadlineExceeded: after `patience` some of it is
// still there.
Result<void> RemoveLeftGroup(const std::string& bundle, std::chrono::milliseconds patience);

}  // namespace strata::kube::shim
