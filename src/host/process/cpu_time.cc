#include "host/process/cpu_time.h"

#include <sys/types.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>

#include "base/result.h"

namespace strata::host {

Result<std::chrono::nanoseconds> CpuTimeOf(pid_t pid) {
  const std::string what = "CPU time of process " + std::to_string(pid);
  clockid_t clock = 0;
  if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0) {
    return FailErrno(what, error);
  }
  timespec used{};
  if (::clock_gettime(clock, &used) != 0) return FailErrno(what, errno == EINVAL ? ESRCH : errno);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace strata::host
