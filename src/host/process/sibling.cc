#include "host/process/sibling.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace strata::host {

Result<pid_t> ForkSibling() {
  // glibc keeps its thread's number in memory that the kernel knows: the child's goes there, as
  // fork() sees to.
  int* number = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &number, 0, 0, 0) != 0 || number == nullptr) {
    return Fail(Errc::kUnsupported, "fork: the kernel was built without CHECKPOINT_RESTORE");
  }
  clone_args how{};
  how.flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  how.child_tid = reinterpret_cast<std::uint64_t>(number);
  const long pid = ::syscall(SYS_clone3, &how, sizeof(how));
  if (pid < 0 && errno == ENOSYS) return Fail(Errc::kUnsupported, "fork: no clone3");
  if (pid < 0) return FailErrno("fork", errno);
  return static_cast<pid_t>(pid);
}

}  // namespace strata::host
