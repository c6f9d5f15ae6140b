// kube/shim/stats.h - what a control group used, as containerd's metrics.
//
//   host::Cgroup::Usage --> [ PackUsage ] --Stats of the task API--> containerd --> kubelet, crictl
//
// Threads:  pure. Errors: none; what was not read is 0. Tested by tests/kube.
#pragma once

#include <google/protobuf/any.pb.h>

#include "host/cgroup/cgroup.h"

namespace strata::kube::shim {

// Of the version that the host has: readers know what they can take from each. Memory is all that
// is charged to the group, with what could be given back: the working set looks larger than runc's.
void PackUsage(google::protobuf::Any& stats, const host::CgroupUsage& usage,
               host::CgroupVersion version);

}  // namespace strata::kube::shim
