// host/process/memory.h - how much memory this host has left for what is started next.
//
//   kernel's files --> [ FreeMemory ] --> keeper: what pools may take in advance
//                                     --> manager: whether a workload that is applied has room
//
// The least of what the kernel says is available (free, or in caches that it would drop) and of
// what the control groups that we are in have left of their limits.
//
// Threads:  any; blocks on files of the kernel, for microseconds. Errors: none: what cannot be read
//           bounds nothing. Tested by host/process/memory_test.cc.
#pragma once

#include <filesystem>

#include "base/bytes.h"

namespace strata::host {

// Of that, what nothing is to take in advance: the host and what runs there go on with it.
inline constexpr Bytes kKeptFree = Bytes::MiB(256);

// UINT64_MAX bytes where nothing says. `root`: where /proc and /sys are, for tests.
Bytes FreeMemory(const std::filesystem::path& root = "/");

}  // namespace strata::host
