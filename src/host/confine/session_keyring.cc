#include "host/confine/session_keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace strata::host {

Result<void> JoinOwnSessionKeyring() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return {};
  if (errno == ENOSYS) return Fail(Errc::kUnsupported, "session keyring: the kernel has no keys");
  return FailErrno("session keyring", errno);
}

}  // namespace strata::host
