#include "host/process/cpu_slice.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

struct Seen {
  std::uint64_t slice_ns = 0;
  int nice = 0;
};

// As the kernel tells it of the calling thread.
Seen SeenHere() {
  constexpr std::size_t kRuntime = 3;  // sched_attr in words of 8 bytes
  std::array<std::uint64_t, 6> attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0), 0);
  return {attributes[kRuntime], ::getpriority(PRIO_PROCESS, 0)};
}

TEST(CpuSliceTest, IsWhatWasAskedForAndNothingElseChanges) {
  Seen before, after, inherited;
  std::thread([&] {
    before = SeenHere();
    AskForCpuSlice(std::chrono::microseconds(300));
    after = SeenHere();
    std::thread([&] { inherited = SeenHere(); }).join();
  }).join();
  if (before.slice_ns == 0) GTEST_SKIP() << "this kernel does not tell slices";
  EXPECT_NE(before.slice_ns, 300'000U);
  EXPECT_EQ(after.slice_ns, 300'000U);
  EXPECT_EQ(inherited.slice_ns, 300'000U);
  EXPECT_EQ(after.nice, before.nice);
}

}  // namespace
}  // namespace strata::host
