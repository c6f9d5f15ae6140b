#include "kube/shim/pod/processes.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/files/files.h"
#include "host/process/pipe.h"
#include "kube/shim/pod/own_thread.h"

namespace strata::kube::shim {
namespace {

// For Hide, which gives it up.
constexpr std::uint64_t kNeeded = std::uint64_t{1} << CAP_SYS_ADMIN;

// On a thread that ends afterwards: its next child is the first process of a new namespace.
Result<host::Process> SpawnFirst(int input, int output) {
  if (::unshare(CLONE_NEWPID) != 0) return FailErrno("make the pod's process ids", errno);
  return host::Process::Spawn({.program = "/proc/self/exe",
                               .arguments = {"hold"},
                               .stdin_fd = input,
                               .stdout_fd = output,
                               .capabilities = kNeeded});
}

// An empty root, which nobody can write.
Result<void> EnterEmptyRoot() {
  constexpr const char* kPlace = "/proc";  // any folder: what is over it is nobody else's mount
  constexpr unsigned long kBare = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("empty", kPlace, "tmpfs", kBare, "size=4k,mode=555") != 0 || ::chdir(kPlace) != 0 ||
      ::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0 ||
      ::chdir("/") != 0) {
    return FailErrno("enter an empty root", errno);
  }
  return {};
}

Result<void> GiveUpCapabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) {
    return FailErrno("give up capabilities", errno);
  }
  return {};
}

// The programs of the pod see this process and may be the same user: by /proc/1 nothing of the node
// may be reached, neither its files nor its network nor this program's memory.
Result<void> Hide() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
    return FailErrno("leave the node's namespaces", errno);
  }
  auto done = EnterEmptyRoot();
  if (done) done = GiveUpCapabilities();
  if (done && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("dumpable", errno);
  return done;
}

}  // namespace

Result<PodProcesses> PodProcesses::Make(const std::string& place) {
  auto pipe = host::MakePipe();
  if (!pipe) return std::unexpected(std::move(pipe).error());
  auto hidden = host::MakePipe();
  if (!hidden) return std::unexpected(std::move(hidden).error());
  auto first = OnOwnThread([&] { return SpawnFirst(pipe->read.get(), hidden->write.get()); });
  if (!first) return std::unexpected(std::move(first).error());
  hidden->write.Reset();
  // Before that no program of the pod may be beside it.
  char told = 0;
  ssize_t got = 0;
  do {
    got = ::read(hidden->read.get(), &told, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) {
    return Fail(Errc::kInternal, "the first process of the pod's process ids has not come up");
  }
  const auto made = OpenFile(place, O_RDONLY | O_CREAT, 0400);
  if (!made) return std::unexpected(made.error());
  const std::string held = "/proc/" + std::to_string(first->pid()) + "/ns/pid";
  if (::mount(held.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return FailErrno("hold the pod's process ids at " + place, errno);
  }
  return PodProcesses(std::move(pipe->write), std::move(*first));
}

Result<void> HoldProcesses() {
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  if (auto done = Hide(); !done) return done;
  char byte = 0;
  if (::write(STDOUT_FILENO, &byte, 1) != 1) return FailErrno("say that it holds", errno);
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) return {};
  }
}

}  // namespace strata::kube::shim
