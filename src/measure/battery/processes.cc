// Processes of others, and privileges.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

std::string ProcFile(const Plants& plants, const char* name) {
  return "/proc/" + std::to_string(plants.pid) + "/" + name;
}

Outcome Opens(const std::string& path, int flags, std::span<const int> permitted = {}) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return ByErrno("open", errno, permitted);
  ::close(fd);
  return Allowed("opened");
}

// In a child, so that nothing of it outlives the scenario.
template <typename Body>
Outcome InChild(const char* call, Body body, std::span<const int> permitted = {}) {
  const pid_t child = ::fork();
  if (child < 0) return ByErrno("fork", errno);
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return Blocked(std::string(call) + ": signal " + std::to_string(WTERMSIG(status)));
  const int error = WEXITSTATUS(status);
  return error == 0 ? Allowed(call) : ByErrno(call, error, permitted);
}

Outcome ListProcesses(const Plants& plants) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return ByErrno("opendir", errno);
  bool found = false;
  while (const dirent* entry = ::readdir(proc)) {
    const std::string path = std::string("/proc/") + entry->d_name + "/cmdline";
    if (std::atoi(entry->d_name) == ::getpid()) continue;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    std::array<char, 1024> text{};
    const ssize_t got = ::read(fd, text.data(), text.size());
    ::close(fd);
    if (got > 0 && std::string(text.data(), got).contains(plants.token)) found = true;
  }
  ::closedir(proc);
  return found ? Allowed("saw the planted process") : Blocked("not among the processes");
}
Outcome SignalProcess(const Plants& plants) {
  return ::kill(plants.pid, 0) == 0 ? Allowed("kill 0") : ByErrno("kill", errno);
}
Outcome Memory(const Plants& plants) { return Opens(ProcFile(plants, "mem"), O_RDONLY); }
Outcome Trace(const Plants& plants) {
  return InChild("ptrace", [&] {
    return ::ptrace(PTRACE_SEIZE, plants.pid, nullptr, nullptr) == 0 ? 0 : errno;
  });
}
Outcome ReadMemory(const Plants& plants) {
  char byte = 0;
  iovec local{&byte, 1};
  iovec remote{nullptr, 1};
  if (::process_vm_readv(plants.pid, &local, 1, &remote, 1, 0) >= 0) return Allowed("read");
  constexpr std::array kThrough = {EFAULT};  // of address zero
  return ByErrno("process_vm_readv", errno, kThrough);
}
Outcome StealDescriptor(const Plants& plants) {
  const long pidfd = ::syscall(SYS_pidfd_open, plants.pid, 0);
  if (pidfd < 0) return ByErrno("pidfd_open", errno);
  const long fd = ::syscall(SYS_pidfd_getfd, pidfd, 0, 0);
  const int error = errno;
  ::close(static_cast<int>(pidfd));
  if (fd < 0) return ByErrno("pidfd_getfd", error);
  ::close(static_cast<int>(fd));
  return Allowed("took descriptor 0");
}
Outcome EnterNamespace(const Plants& plants) {
  return InChild("setns", [&] {
    const int fd = ::open(ProcFile(plants, "ns/uts").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    return ::setns(fd, CLONE_NEWUTS) == 0 ? 0 : errno;
  });
}
Outcome SlowDown(const Plants& plants) {
  return ::setpriority(PRIO_PROCESS, plants.pid, 0) == 0 ? Allowed("setpriority")
                                                         : ByErrno("setpriority", errno);
}
Outcome Limits(const Plants& plants) {
  rlimit limit{};
  return ::prlimit(plants.pid, RLIMIT_NOFILE, nullptr, &limit) == 0 ? Allowed("prlimit")
                                                                    : ByErrno("prlimit", errno);
}
// runc, CVE-2019-5736: the program of whoever started us.
Outcome OverwriteRuntime(const Plants&) {
  constexpr std::array kThrough = {ETXTBSY};
  const pid_t parent = ::getppid();
  if (parent <= 0) return Blocked("no parent is seen");
  const std::string program = "/proc/" + std::to_string(parent) + "/exe";
  struct stat theirs{};
  struct stat ours{};
  if (::stat(program.c_str(), &theirs) == 0 && ::stat("/proc/self/exe", &ours) == 0 &&
      theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) {
    return Blocked("the parent is this program");
  }
  return Opens(program, O_WRONLY, kThrough);
}
Outcome SetUserId(const Plants& plants) {
  if (plants.setuid.empty()) return {Result::kNotApplicable, "nothing planted"};
  return InChild("execve of a set-user-id program", [&] {
    if (::setresuid(65534, 65534, 65534) != 0) return errno;
    const pid_t inner = ::fork();
    if (inner == 0) {
      ::execl(plants.setuid.c_str(), plants.setuid.c_str(), "--am-i-root", nullptr);
      ::_exit(errno == 0 ? EPERM : errno);
    }
    int status = 0;
    ::waitpid(inner, &status, 0);
    return WIFEXITED(status) ? (WEXITSTATUS(status) == 1 ? EPERM : WEXITSTATUS(status)) : EPERM;
  });
}
bool HasCapability(int which) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[which / 32].effective >> (which % 32) & 1) != 0;
}
Outcome Administrator(const Plants&) {
  return HasCapability(CAP_SYS_ADMIN) ? Allowed("CAP_SYS_ADMIN") : Blocked("no CAP_SYS_ADMIN");
}
Outcome BoundingSet(const Plants&) {
  return ::prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1 ? Allowed("in the bounding set")
                                                               : Blocked("not in the bounding set");
}
Outcome NewPrivileges(const Plants&) {
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? Allowed("not set") : Blocked("set");
}
Outcome Nice(const Plants&) {
  return InChild("setpriority -20",
                 [] { return ::setpriority(PRIO_PROCESS, 0, -20) == 0 ? 0 : errno; });
}
Outcome RealTime(const Plants&) {
  return InChild("sched_setscheduler", [] {
    const sched_param wanted{.sched_priority = 1};
    return ::sched_setscheduler(0, SCHED_FIFO, &wanted) == 0 ? 0 : errno;
  });
}
Outcome OomScore(const Plants&) {
  return InChild("oom_score_adj -1000", [] {
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    return ::write(fd, "-1000", 5) == 5 ? 0 : errno;
  });
}
Outcome RaiseLimit(const Plants&) {
  return InChild("setrlimit above the hard limit", [] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max += 1;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
  });
}

constexpr Scenario kAll[] = {
    {"host-processes", "see the host's processes", Kind::kPlanted, ListProcesses},
    {"host-process-signal", "signal another's process", Kind::kPlanted, SignalProcess},
    {"host-process-memory", "open another process' memory", Kind::kPlanted, Memory},
    {"host-process-trace", "trace another's process", Kind::kPlanted, Trace},
    {"host-process-read", "read another process' memory", Kind::kPlanted, ReadMemory},
    {"host-process-descriptor", "take another process' descriptor", Kind::kPlanted,
     StealDescriptor},
    {"host-process-namespace", "enter another process' namespace", Kind::kPlanted, EnterNamespace},
    {"host-process-priority", "change another process' priority", Kind::kPlanted, SlowDown},
    {"host-process-limits", "read another process' limits", Kind::kPlanted, Limits},
    {"overwrite-runtime", "open the runtime's program for writing", Kind::kPlanted,
     OverwriteRuntime, "CVE-2019-5736"},
    {"setuid-program", "become root by a set-user-id program", Kind::kPlanted, SetUserId},
    {"capabilities", "hold CAP_SYS_ADMIN", Kind::kKernel, Administrator},
    {"bounding-set", "be able to regain CAP_SYS_ADMIN", Kind::kKernel, BoundingSet},
    {"new-privileges", "be able to gain privileges by execve", Kind::kKernel, NewPrivileges},
    {"priority", "run before everybody else", Kind::kKernel, Nice},
    {"real-time", "run as a real-time process", Kind::kKernel, RealTime},
    {"oom-score", "be spared by the OOM killer", Kind::kKernel, OomScore},
    {"raise-limit", "raise a hard resource limit", Kind::kKernel, RaiseLimit},
};

}  // namespace

std::span<const Scenario> ProcessScenarios() { return kAll; }

}  // namespace strata::measure::battery
