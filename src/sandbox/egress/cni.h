// sandbox/egress/cni.h - the pair of interfaces that joins a sandbox's network namespace to ours,
// made by a CNI plugin: `ptp` with addresses from `static` (CNI specification 1.0).
//
//   [ AddLink ] --CNI_COMMAND=ADD, configuration on stdin--> ptp --> eth0 <--veth--> ours
//
// The plugin's own namespace is ours. The pair ends with the sandbox's namespace, so there is
// nothing to release by DEL: addresses are given out by Egress, `static` keeps no files.
//
// Threads: the caller's loop; nothing blocks it. Cancelled, the plugin is killed.
// Errors:  kFailedPrecondition: a plugin is not installed; kInternal: a plugin failed, in its own
// words,
//          or its result is not what was asked for; kDeadlineExceeded.
// Tested by cni_test.cc and, with the plugins, by tests/contract.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "host/ipv4.h"

namespace strata::sandbox::egress {

// Whether the plugins are there; the message says which package has them.
Result<void> FindPlugins(const std::filesystem::path& plugins);

// Gives the namespace `network` an interface eth0 with `address`, whose neighbour and way to
// everything is our end with kGateway. The name of our end.
Task<std::string> AddLink(std::filesystem::path plugins, std::string id, const Fd& network,
                          host::Ipv4 address);

// Of a plugin's result, our end's name. It must tell of one pair and of `address` alone.
Result<std::string> ParseCniResult(std::string_view text, host::Ipv4 address);

}  // namespace strata::sandbox::egress
