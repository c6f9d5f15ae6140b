// kube/shim/stats.h - what control groups used and have, as containerd's metrics.
//
//   host::Cgroup --ReadStats--> [ AddStats, PackStats ] --Stats of the task API--> containerd
//     --> kubelet, crictl
//
// containerd takes the page cache that nobody used lately off the usage, which is the working set,
// and this off the limit, which is what is available.
//
// Threads:  any. Errors: ReadStats has the group's. Tested by stats_test.cc and tests/kube.
#pragma once

#include <google/protobuf/any.pb.h>

#include "base/result.h"
#include "host/cgroup/cgroup.h"

namespace strata::kube::shim {

struct GroupStats {
  host::CgroupUsage usage;
  host::CgroupMemory memory;
};

Result<GroupStats> ReadStats(const host::Cgroup& group);

// Of both together: a limit only if each has one, and no peak, as theirs were at different times.
void AddStats(GroupStats& all, const GroupStats& one);

// Of the version that the host has: readers know what they can take from each.
void PackStats(google::protobuf::Any& packed, const GroupStats& stats, host::CgroupVersion version);

}  // namespace strata::kube::shim
