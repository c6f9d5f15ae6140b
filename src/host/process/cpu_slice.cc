#include "host/process/cpu_slice.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace strata::host {
namespace {

// The kernel's struct sched_attr, version 0: its header defines names that <sched.h> has, too.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // ns; of SCHED_OTHER: the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

}  // namespace

void AskForCpuSlice(std::chrono::microseconds slice) {
  Attributes now;
  if (::syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) != 0) return;
  if (now.policy != SCHED_OTHER) return;
  now.runtime = static_cast<std::uint64_t>(std::chrono::nanoseconds(slice).count());
  (void)::syscall(SYS_sched_setattr, 0, &now, 0);
}

}  // namespace strata::host
