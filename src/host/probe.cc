#include "host/probe.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include "host/cgroup/cgroup.h"
#include "host/confine/landlock.h"
#include "host/confine/seccomp.h"
#include "host/files/memfd.h"

namespace strata::host {
namespace {

constexpr long kCgroup2Magic = 0x63677270;

std::string Words(int err) { return std::system_category().message(err); }

// Runs `action` (0 or an errno) in a child, because what it does cannot be undone. The child only
// ever calls small functions and exits at once.
int InChild(int (*action)()) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) ::_exit(action());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

int UnshareUser() { return ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno; }
int UnshareNet() { return ::unshare(CLONE_NEWNET) == 0 ? 0 : errno; }
int UnshareUserAndNet() { return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : errno; }

// Restricts itself to /proc and expects that /dev/null is out of reach.
int TryLandlock() {
  const std::array rules = {PathRule{.path = "/proc", .access = PathAccess::kReadOnly}};
  if (!Restrict(rules)) return EOPNOTSUPP;
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : EPROTO;
}

// Allows little more than exiting and expects that another call fails.
int TrySeccomp() {
  const std::array allowed = {SyscallRule{.name = "exit_group"}, SyscallRule{.name = "munmap"},
                              SyscallRule{.name = "sigaltstack"}};  // of a sanitizer, at the exit
  if (!LoadSeccomp(allowed, SeccompDefault::kErrno)) return ENOSYS;
  return ::syscall(SYS_getppid) < 0 && errno == EPERM ? 0 : EPROTO;
}

// A release as uname says it, "6.1.0-18-amd64"; zeros where it says something else.
struct Version {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

Version VersionOf(const std::string& release) {
  Version version;
  const char* const end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return {};
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  return minor.ec == std::errc() ? version : Version{};
}

// Whether the kernel is `least` or newer.
Feature Kernel(std::string name, Version least, std::string without) {
  utsname names = {};
  if (::uname(&names) != 0) return {std::move(name), false, Words(errno), std::move(without)};
  const std::string wanted = std::to_string(least.major) + "." + std::to_string(least.minor);
  const bool enough = VersionOf(names.release) >= least;
  return {std::move(name), enough,
          std::string(names.release) + (enough ? "" : "; " + wanted + " or newer is wanted"),
          std::move(without)};
}

Feature Root() {
  const uid_t uid = ::geteuid();
  return {"root", uid == 0, "effective user " + std::to_string(uid),
          "cells run as the calling user; only the wasm class runs"};
}

Feature UserNamespaces() {
  const int err = InChild(UnshareUser);
  return {"user-namespaces", err == 0, err == 0 ? "unshare works" : "unshare: " + Words(err),
          "without root, cells share the host's network namespace"};
}

Feature NetworkNamespace() {
  Feature feature{"network-namespace", true, "own network namespace",
                  "cells share the host's "
                  "network: only Landlock and seccomp keep a broken engine off it"};
  if (InChild(UnshareNet) == 0) return feature;
  if (const int err = InChild(UnshareUserAndNet); err != 0) {
    feature.available = false;
    feature.detail = "unshare: " + Words(err);
    return feature;
  }
  feature.detail = "under an own user namespace";
  return feature;
}

Feature Landlock() {
  Feature feature{"landlock", false, "", "a broken engine could open every file its user can"};
  const auto abi = LandlockAbi();
  if (!abi) {
    feature.detail = abi.error().message;
    return feature;
  }
  const int err = InChild(TryLandlock);
  feature.available = err == 0;
  feature.detail = "ABI " + std::to_string(*abi) + (err == 0 ? "" : ", but: " + Words(err));
  return feature;
}

Feature Seccomp() {
  const int err = InChild(TrySeccomp);
  return {"seccomp", err == 0, err == 0 ? "filters work" : Words(err),
          "a broken engine could make every system call"};
}

Feature Pidfd() {
  const Fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  const bool works =
      self.valid() && ::syscall(SYS_pidfd_send_signal, self.get(), 0, nullptr, 0) == 0;
  return {"pidfd", works, works ? "open and signal work" : Words(errno),
          "processes cannot be started or watched: nothing runs"};
}

Feature MemfdSealing() {
  Feature feature{"memfd-sealing", false, "", "code cannot be handed to cells: nothing runs"};
  const std::array content = {std::byte{1}};
  auto fd = MakeSealedMemfd("probe", content);
  if (!fd) {
    feature.detail = fd.error().message;
    return feature;
  }
  feature.available = ::write(fd->get(), content.data(), content.size()) < 0 && errno == EPERM;
  feature.detail = feature.available ? "a sealed file refuses writes" : "seals have no effect";
  return feature;
}

bool IsCgroup2(const char* path) {
  struct statfs fs = {};
  return ::statfs(path, &fs) == 0 && fs.f_type == kCgroup2Magic;
}

Feature ProcessGroups() {
  Feature feature{"cgroup", true, "",
                  "the container, appkernel and microvm classes have no limits"};
  if (IsCgroup2("/sys/fs/cgroup")) {
    feature.detail = "version 2";
  } else if (IsCgroup2("/sys/fs/cgroup/unified")) {
    feature.detail = "hybrid: version 1 controllers, version 2 beside them";
  } else {
    feature.detail = "version 1";
  }
  const auto groups = Cgroups::Find("strata-probe-" + std::to_string(::getpid()));
  const auto tried = groups ? groups->Probe() : std::unexpected(groups.error());
  if (!tried) {
    feature.available = false;
    feature.detail += ", but: " + tried.error().message;
  }
  return feature;
}

Feature CgroupVersion2() {
  const bool unified = IsCgroup2("/sys/fs/cgroup");
  return {"cgroup-v2", unified, unified ? "the only one" : "version 1 has the controllers",
          "groups are frozen and killed process by process; limits hold all the same"};
}

Feature Kvm() {
  Feature feature{"kvm", false, "", "microVMs run emulated, many times slower"};
  const Fd device(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!device.valid()) {
    feature.detail = "open /dev/kvm: " + Words(errno);
    return feature;
  }
  const Fd machine(::ioctl(device.get(), KVM_CREATE_VM, 0));
  feature.available = machine.valid();
  feature.detail = feature.available
                       ? "makes a VM; class-microvm below says whether a guest boots under it"
                       : "create a VM: " + Words(errno);
  return feature;
}

}  // namespace

std::vector<Feature> ProbeHost() {
  constexpr Version kTested{6, 1};
  constexpr Version kTracing{6, 7};
  return {Kernel("kernel", kTested, "not tested there; each check below says what is lost"),
          Kernel("kernel-ebpf", kTracing,
                 "nothing today: usage is read from cgroups, not by eBPF programs"),
          CgroupVersion2(),
          Root(),
          UserNamespaces(),
          NetworkNamespace(),
          Landlock(),
          Seccomp(),
          Pidfd(),
          MemfdSealing(),
          ProcessGroups(),
          Kvm()};
}

Json FeaturesToJson(std::span<const Feature> features) {
  Json checks = Json::array();
  for (const Feature& feature : features) {
    checks.push_back({{"name", feature.name},
                      {"available", feature.available},
                      {"detail", feature.detail},
                      {"without", feature.without}});
  }
  return Json{{"checks", std::move(checks)}};
}

}  // namespace strata::host
