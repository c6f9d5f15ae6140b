// host/process/cpu_slice.h - asks the kernel for short time slices: how long it lets a process of
// ours compute at a time beside others on its processor.
//
// Linux gives each process its share of a processor in slices, some milliseconds by default, and
// the one whose slice would be over first goes first. Whoever asks for short slices gets the
// processor sooner when it wakes and gives it back sooner; its share stays the same, so nobody
// loses by another's short slices, and no privilege is needed.
//
// Threads:  of the calling thread, and of what it starts later. Errors: none, it is a wish: Linux
//           before 6.12, real-time policies and some filters do not grant it. Tested by
//           host/process/cpu_slice_test.cc.
#pragma once

#include <chrono>

namespace strata::host {

// The shortest that the kernel gives.
inline constexpr std::chrono::microseconds kShortestCpuSlice{100};

// From kShortestCpuSlice to 100 ms.
void AskForCpuSlice(std::chrono::microseconds slice);

}  // namespace strata::host
