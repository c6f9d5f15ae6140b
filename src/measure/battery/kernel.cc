// Interfaces of the kernel that only root of the whole machine should have. By permission, not
// effect.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <netinet/in.h>  // NOLINT(misc-include-cleaner): IPPROTO_ICMP
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <glob.h>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

Outcome OpensOnly(const char* path, int flags, std::span<const int> permitted = {}) {
  const int fd = ::open(path, flags | O_CLOEXEC);
  if (fd < 0) return ByErrno((std::string("open ") + path).c_str(), errno, permitted);
  ::close(fd);
  return Allowed(std::string("opened ") + path);
}

Outcome OpensAny(const char* pattern, int flags) {
  glob_t found{};
  Outcome outcome = Blocked("none is there");
  if (::glob(pattern, 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      outcome = OpensOnly(found.gl_pathv[i], flags);
      if (outcome.result == Result::kAllowed) break;
    }
  }
  ::globfree(&found);
  return outcome;
}

// A call that can only fail, or gives a descriptor.
Outcome Calls(const char* call, long result, std::span<const int> permitted = {}) {
  if (result < 0) return ByErrno(call, errno, permitted);
  if (result > 2) ::close(static_cast<int>(result));
  return Allowed(call);
}

template <typename Body>
Outcome InChild(const char* call, Body body) {
  const pid_t child = ::fork();
  if (child < 0) return ByErrno("fork", errno);
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Blocked(std::string(call) + ": killed");
  const int error = WEXITSTATUS(status);
  return error == 0 ? Allowed(call) : ByErrno(call, error);
}

constexpr std::array kInvalid = {EINVAL};

Outcome Mount(const Plants&) {
  return InChild("mount", [] {
    ::mkdir("/tmp/strata-mount", 0700);
    const int error = ::mount("none", "/tmp/strata-mount", "tmpfs", 0, "size=4k") == 0 ? 0 : errno;
    ::umount2("/tmp/strata-mount", MNT_DETACH);
    ::rmdir("/tmp/strata-mount");
    return error;
  });
}
// Of a directory on which nothing is mounted.
Outcome Unmount(const Plants&) {
  ::mkdir("/tmp/strata-not-mounted", 0700);
  const Outcome outcome = Calls("umount2", ::umount2("/tmp/strata-not-mounted", 0), kInvalid);
  ::rmdir("/tmp/strata-not-mounted");
  return outcome;
}
Outcome PivotRoot(const Plants&) {
  constexpr std::array kThrough = {EINVAL, EBUSY};
  return Calls("pivot_root", ::syscall(SYS_pivot_root, ".", "."), kThrough);
}
Outcome ChangeRoot(const Plants&) {
  return InChild("chroot", [] { return ::chroot("/") == 0 ? 0 : errno; });
}
Outcome OpenTree(const Plants&) {
  return Calls("open_tree", ::syscall(SYS_open_tree, AT_FDCWD, "/", 1 | O_CLOEXEC));
}
Outcome OpenFileSystem(const Plants&) { return Calls("fsopen", ::syscall(SYS_fsopen, "tmpfs", 1)); }
Outcome UserNamespace(const Plants&) {
  return InChild("unshare user", [] { return ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno; });
}
Outcome MountNamespace(const Plants&) {
  return InChild("unshare mount", [] { return ::unshare(CLONE_NEWNS) == 0 ? 0 : errno; });
}
Outcome CgroupNamespace(const Plants&) {
  return InChild("unshare cgroup", [] { return ::unshare(CLONE_NEWCGROUP) == 0 ? 0 : errno; });
}
Outcome Bpf(const Plants&) {
  bpf_attr attributes{};
  return Calls("bpf", ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)),
               kInvalid);
}
Outcome IoUring(const Plants&) {
  io_uring_params parameters{};
  return Calls("io_uring_setup", ::syscall(SYS_io_uring_setup, 1, &parameters));
}
Outcome UserFault(const Plants&) {
  return Calls("userfaultfd", ::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
}
Outcome LoadModule(const Plants&) {
  const std::array<char, 64> zeros{};
  constexpr std::array kThrough = {ENOEXEC, EINVAL};
  return Calls("init_module", ::syscall(SYS_init_module, zeros.data(), zeros.size(), ""), kThrough);
}
Outcome LoadModuleFile(const Plants&) {
  constexpr std::array kThrough = {EBADF};
  return Calls("finit_module", ::syscall(SYS_finit_module, -1, "", 0), kThrough);
}
Outcome UnloadModule(const Plants&) {
  constexpr std::array kThrough = {ENOENT};
  return Calls("delete_module", ::syscall(SYS_delete_module, "strata_none", O_NONBLOCK), kThrough);
}
Outcome Kexec(const Plants&) {
  return Calls("kexec_load", ::syscall(SYS_kexec_load, 0, 0, nullptr, 0xffff0000UL), kInvalid);
}
Outcome Reboot(const Plants&) {
  return Calls("reboot", ::syscall(SYS_reboot, 0, 0, 0, nullptr), kInvalid);
}
Outcome SetClock(const Plants&) {
  const timespec wrong{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  return Calls("clock_settime", ::syscall(SYS_clock_settime, CLOCK_REALTIME, &wrong), kInvalid);
}
Outcome SetHostname(const Plants&) {
  return Calls("sethostname", ::syscall(SYS_sethostname, nullptr, -1), kInvalid);
}
Outcome SetDomainname(const Plants&) {
  return Calls("setdomainname", ::syscall(SYS_setdomainname, nullptr, -1), kInvalid);
}
Outcome Swap(const Plants&) {
  constexpr std::array kThrough = {ENOENT};
  return Calls("swapon", ::swapon("/strata-none", 0), kThrough);
}
Outcome Accounting(const Plants&) {
  constexpr std::array kThrough = {ENOENT};
  return Calls("acct", ::syscall(SYS_acct, "/strata-none"), kThrough);
}
Outcome FileHandle(const Plants&) {
  const std::array<char, 64> handle{};
  return Calls("open_by_handle_at",
               ::syscall(SYS_open_by_handle_at, AT_FDCWD, handle.data(), O_RDONLY), kInvalid);
}
Outcome Performance(const Plants&) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  // Everybody's, on one processor.
  return Calls("perf_event_open", ::syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
}
Outcome Fanotify(const Plants&) {
  return Calls("fanotify_init", ::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY));
}
Outcome KeySearch(const Plants& plants) {
  constexpr long kSearch = 10;
  constexpr long kSession = -3;
  return Calls(
      "keyctl search",
      ::syscall(SYS_keyctl, kSearch, kSession, "user", plants.token.c_str(), 0) < 0 ? -1 : 0);
}
Outcome KeyAdd(const Plants&) {
  constexpr long kProcess = -2;
  return Calls("add_key",
               ::syscall(SYS_add_key, "user", "strata-own", "x", 1, kProcess) < 0 ? -1 : 0);
}
Outcome RawSocket(const Plants&) {
  return Calls("raw socket", ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}
Outcome PacketSocket(const Plants&) {
  return Calls("packet socket", ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}
Outcome NetworkAdministration(const Plants&) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ByErrno("socket", errno);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  int failed = ::ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? 0 : errno;
  // The flags that it has.
  if (failed == 0) failed = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
  ::close(fd);
  return failed == 0 ? Allowed("SIOCSIFFLAGS") : ByErrno("ioctl", failed);
}
Outcome MakeDevice(const Plants&) {
  ::unlink("/tmp/strata-device");
  const bool made = ::mknod("/tmp/strata-device", S_IFCHR | 0600, ::makedev(1, 1)) == 0;
  const int error = errno;
  ::unlink("/tmp/strata-device");
  return made ? Allowed("made the node of /dev/mem") : ByErrno("mknod", error);
}
Outcome MakeDisk(const Plants&) {
  ::unlink("/tmp/strata-disk");
  const bool made = ::mknod("/tmp/strata-disk", S_IFBLK | 0600, ::makedev(8, 0)) == 0;
  const int error = errno;
  ::unlink("/tmp/strata-disk");
  return made ? Allowed("made the node of a disk") : ByErrno("mknod", error);
}
Outcome IoPrivilege(const Plants&) {
  return InChild("iopl", [] { return ::syscall(SYS_iopl, 3) == 0 ? 0 : errno; });
}
Outcome KernelLog(const Plants&) {
  constexpr int kSizeBuffer = 10;
  return Calls("syslog", ::syscall(SYS_syslog, kSizeBuffer, nullptr, 0) < 0 ? -1 : 0);
}
Outcome LockMemory(const Plants&) {
  constexpr std::size_t kSize = 32 << 20;
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ByErrno("mmap", errno);
  const bool locked = ::mlock(memory, kSize) == 0;
  const int error = errno;
  ::munmap(memory, kSize);
  return locked ? Allowed("locked 32 MiB") : ByErrno("mlock", error);
}

Outcome Kmsg(const Plants&) { return OpensOnly("/dev/kmsg", O_RDONLY | O_NONBLOCK); }
Outcome Kcore(const Plants&) {
  constexpr std::array<int, 0> kNone{};
  const int fd = ::open("/proc/kcore", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ByErrno("open", errno, kNone);
  struct stat found{};
  ::fstat(fd, &found);
  ::close(fd);
  // A masked file is /dev/null or empty.
  return S_ISREG(found.st_mode) && found.st_size > 0 ? Allowed("opened") : Blocked("masked");
}
Outcome CorePattern(const Plants&) { return OpensOnly("/proc/sys/kernel/core_pattern", O_WRONLY); }
Outcome Modprobe(const Plants&) { return OpensOnly("/proc/sys/kernel/modprobe", O_WRONLY); }
Outcome Sysrq(const Plants&) { return OpensOnly("/proc/sysrq-trigger", O_WRONLY); }
Outcome Panic(const Plants&) { return OpensOnly("/proc/sys/kernel/panic", O_WRONLY); }
Outcome Randomize(const Plants&) {
  return OpensOnly("/proc/sys/kernel/randomize_va_space", O_WRONLY);
}
Outcome ReleaseAgent(const Plants&) { return OpensAny("/sys/fs/cgroup/*/release_agent", O_WRONLY); }
Outcome CgroupProcs(const Plants&) { return OpensAny("/sys/fs/cgroup/*/cgroup.procs", O_WRONLY); }
Outcome Uevent(const Plants&) { return OpensOnly("/sys/kernel/uevent_helper", O_WRONLY); }
Outcome PowerState(const Plants&) { return OpensOnly("/sys/power/state", O_WRONLY); }

constexpr Scenario kAll[] = {
    {"mount", "mount a file system", Kind::kKernel, Mount},
    {"unmount", "unmount", Kind::kKernel, Unmount},
    {"pivot-root", "pivot_root", Kind::kKernel, PivotRoot},
    {"chroot", "chroot", Kind::kKernel, ChangeRoot},
    {"open-tree", "copy a mount", Kind::kKernel, OpenTree},
    {"fsopen", "open a file system (new mount calls)", Kind::kKernel, OpenFileSystem,
     "CVE-2022-0185"},
    {"user-namespace", "make a user namespace", Kind::kKernel, UserNamespace},
    {"mount-namespace", "make a mount namespace", Kind::kKernel, MountNamespace},
    {"cgroup-namespace", "make a cgroup namespace", Kind::kKernel, CgroupNamespace,
     "CVE-2022-0492"},
    {"bpf", "load into BPF", Kind::kKernel, Bpf},
    {"io-uring", "make an io_uring", Kind::kKernel, IoUring},
    {"userfaultfd", "userfaultfd", Kind::kKernel, UserFault},
    {"init-module", "load a kernel module", Kind::kKernel, LoadModule},
    {"finit-module", "load a kernel module from a file", Kind::kKernel, LoadModuleFile},
    {"delete-module", "unload a kernel module", Kind::kKernel, UnloadModule},
    {"kexec", "load another kernel", Kind::kKernel, Kexec},
    {"reboot", "reboot", Kind::kKernel, Reboot},
    {"clock", "set the clock", Kind::kKernel, SetClock},
    {"hostname", "set the host's name", Kind::kKernel, SetHostname},
    {"domainname", "set the domain's name", Kind::kKernel, SetDomainname},
    {"swap", "turn on swap", Kind::kKernel, Swap},
    {"accounting", "turn on process accounting", Kind::kKernel, Accounting},
    {"file-handle", "open a file by its handle", Kind::kKernel, FileHandle},
    {"performance", "watch everybody's performance events", Kind::kKernel, Performance},
    {"fanotify", "watch everybody's files", Kind::kKernel, Fanotify},
    {"keyring-search", "find another's key", Kind::kPlanted, KeySearch},
    {"keyring-add", "add a key", Kind::kKernel, KeyAdd},
    {"raw-socket", "open a raw socket", Kind::kKernel, RawSocket},
    {"packet-socket", "open a packet socket", Kind::kKernel, PacketSocket, "CVE-2020-14386"},
    {"network-administration", "configure an interface", Kind::kKernel, NetworkAdministration},
    {"device-memory", "make the node of /dev/mem", Kind::kKernel, MakeDevice},
    {"device-disk", "make the node of a disk", Kind::kKernel, MakeDisk},
    {"io-privilege", "use I/O ports", Kind::kKernel, IoPrivilege},
    {"kernel-log", "read the kernel's log", Kind::kKernel, KernelLog},
    {"lock-memory", "lock memory", Kind::kKernel, LockMemory},
    {"kmsg", "open /dev/kmsg", Kind::kKernel, Kmsg},
    {"kcore", "open /proc/kcore", Kind::kKernel, Kcore},
    {"core-pattern", "choose the program for core dumps", Kind::kKernel, CorePattern},
    {"modprobe-path", "choose the program for modules", Kind::kKernel, Modprobe},
    {"sysrq", "trigger the kernel's emergency keys", Kind::kKernel, Sysrq},
    {"panic-setting", "change what a panic does", Kind::kKernel, Panic},
    {"address-randomization", "turn off address randomization", Kind::kKernel, Randomize},
    {"release-agent", "choose the program for empty cgroups", Kind::kKernel, ReleaseAgent,
     "CVE-2022-0492"},
    {"cgroup-escape", "move to another cgroup", Kind::kKernel, CgroupProcs},
    {"uevent-helper", "choose the program for device events", Kind::kKernel, Uevent},
    {"power-state", "suspend the machine", Kind::kKernel, PowerState},
};

}  // namespace

std::span<const Scenario> KernelScenarios() { return kAll; }

}  // namespace strata::measure::battery
