#include "kube/shim/pod/processes.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "base/files.h"
#include "host/pipe.h"

namespace strata::kube::shim {
namespace {

// On a thread that ends afterwards: its next child is the first process of a new namespace.
Result<host::Process> SpawnFirst(int input) {
  if (::unshare(CLONE_NEWPID) != 0) return FailErrno("make the pod's process ids", errno);
  return host::Process::Spawn(
      {.program = "/proc/self/exe", .arguments = {"hold"}, .stdin_fd = input});
}

}  // namespace

Result<PodProcesses> PodProcesses::Make(const std::string& place) {
  auto pipe = host::MakePipe();
  if (!pipe) return std::unexpected(std::move(pipe).error());
  Result<host::Process> first = Fail(Errc::kInternal, "not started");
  std::thread([&] { first = SpawnFirst(pipe->read.get()); }).join();
  if (!first) return std::unexpected(std::move(first).error());
  const auto made = OpenFile(place, O_RDONLY | O_CREAT, 0400);
  if (!made) return std::unexpected(made.error());
  const std::string held = "/proc/" + std::to_string(first->pid()) + "/ns/pid";
  if (::mount(held.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return FailErrno("hold the pod's process ids at " + place, errno);
  }
  return PodProcesses(std::move(pipe->write), std::move(*first));
}

void HoldProcesses() {
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  char ignored = 0;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, &ignored, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) return;
  }
}

}  // namespace strata::kube::shim
