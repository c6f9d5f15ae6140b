#include "host/process/process_child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "host/cgroup/cgroup.h"
#include "host/process/file_limit.h"

namespace strata::host {
namespace {

constexpr int kExitBeforeExec = 127;
constexpr int kNewNamespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC

// Everything below returns 0 or an errno.

int ResultOf(long done) { return done == 0 ? 0 : errno; }

int WriteControl(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t written = ::write(fd, text.data(), text.size());
  const int err = written < 0 ? errno : 0;
  ::close(fd);
  return err;
}

// Default actions and an empty mask. The parent blocked all signals before the fork, so no handler
// of its can have run here.
void ResetSignals() {
  // The kernel's struct, all zero: SIG_DFL, no flags, no mask. By number, because glibc refuses the
  // two signals that it keeps for itself, and a parent may have handed them down ignored.
  constexpr std::array<unsigned long, 4> kDefault{};
  constexpr std::size_t kMaskBytes = 8;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, kDefault.data(), nullptr, kMaskBytes);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Gives the passed descriptors their numbers and marks everything else close-on-exec. In two
// rounds, because one descriptor's number may be another one's source.
int ArrangeDescriptors(ChildPlan& plan) {
  if (::syscall(SYS_close_range, 3, ~0U, kCloseOnExec) != 0) return errno;
  plan.report_fd = ::fcntl(plan.report_fd, F_DUPFD_CLOEXEC, plan.highest_fd + 1);
  if (plan.report_fd < 0) return errno;
  if (plan.ruleset >= 0) {
    plan.ruleset = ::fcntl(plan.ruleset, F_DUPFD_CLOEXEC, plan.highest_fd + 1);
    if (plan.ruleset < 0) return errno;
  }
  for (PassedFd& fd : plan.fds) {
    fd.from = ::fcntl(fd.from, F_DUPFD_CLOEXEC, plan.highest_fd + 1);
    if (fd.from < 0) return errno;
  }
  for (const PassedFd& fd : plan.fds) {
    if (::dup2(fd.from, fd.to) < 0) return errno;
  }
  return 0;
}

int SetLimits(const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    const rlimit value = {.rlim_cur = limit.value, .rlim_max = limit.value};
    if (::syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr) != 0) return errno;
  }
  return 0;
}

// New namespaces under a new user namespace, in which we stay the same user: needs no privilege
// where the host allows it at all.
ChildReport EnterUserNamespace(const ChildPlan& plan) {
  // A process that changed its user is not dumpable, and then its own /proc files are root's.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (::unshare(CLONE_NEWUSER | kNewNamespaces) != 0) return {ChildStep::kNamespaces, errno, {}};
  int err = WriteControl("/proc/self/setgroups", "deny");
  if (err == 0) err = WriteControl("/proc/self/uid_map", plan.uid_map);
  if (err == 0) err = WriteControl("/proc/self/gid_map", plan.gid_map);
  return {err == 0 ? ChildStep::kReady : ChildStep::kUserNamespaceMap, err, {true, true}};
}

// Raw system calls: glibc's functions try to change every thread that the parent had.
ChildReport SetIdentity(const Identity& identity) {
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return {ChildStep::kGroups, errno, {}};
  const long gid = identity.gid;
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return {ChildStep::kGroup, errno, {}};
  const long uid = identity.uid;
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return {ChildStep::kUser, errno, {}};
  return {};
}

// Without CAP_SETPCAP this does nothing. That is enough: whoever lacks it has no privilege that
// execve could bring back under no_new_privs.
void DropBoundingSet(std::uint64_t kept) {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    if ((kept >> capability & 1) == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

// What root keeps here and in the bounding set it has after execve, too.
int DropCapabilities(std::uint64_t kept) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // fails before Linux 4.3 only
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets = {};
  for (std::size_t word = 0; word < sets.size(); ++word) {
    sets[word].permitted = static_cast<std::uint32_t>(kept >> (32 * word));
    sets[word].effective = sets[word].permitted;
  }
  return ResultOf(::syscall(SYS_capset, &header, sets.data()));
}

int DieWithParent(const ChildPlan& plan) {
  if (plan.options.parent_death_signal == 0) return 0;
  if (::prctl(PR_SET_PDEATHSIG, plan.options.parent_death_signal, 0, 0, 0) != 0) return errno;
  // It may have died before the line above; then nobody would ever send the signal.
  return ::getppid() == plan.parent ? 0 : ESRCH;
}

// Namespaces, user, privileges: in this order, because each step takes away what the one before
// needed.
ChildReport Confine(const ChildPlan& plan) {
  const SpawnOptions& options = plan.options;
  Isolation isolation;
  const bool wanted = options.namespaces != Namespaces::kKeep;
  if (wanted) isolation.namespaces = ::unshare(kNewNamespaces) == 0;
  if (options.privileges == Privileges::kDrop) DropBoundingSet(options.capabilities);
  if (options.identity) {
    const ChildReport report = SetIdentity(*options.identity);
    if (report.step != ChildStep::kReady) return report;
  }
  if (wanted && !isolation.namespaces) {
    const ChildReport report = EnterUserNamespace(plan);
    const bool optional =
        report.step == ChildStep::kNamespaces && options.namespaces == Namespaces::kIfAllowed;
    if (report.step != ChildStep::kReady && !optional) return report;
    isolation = report.isolation;
  }
  if (options.privileges == Privileges::kDrop) {
    DropBoundingSet(options.capabilities);  // a new user namespace came with a full set
    int err = DropCapabilities(options.capabilities);
    if (err != 0) return {ChildStep::kCapabilities, err, {}};
    err = ResultOf(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (err != 0) return {ChildStep::kNoNewPrivileges, err, {}};
  }
  return {ChildStep::kReady, 0, isolation};
}

ChildReport Prepare(ChildPlan& plan) {
  const SpawnOptions& options = plan.options;
  // First, because the report pipe must get out of the way of the passed numbers and limits.
  if (const int err = ArrangeDescriptors(plan); err != 0) return {ChildStep::kDescriptors, err, {}};
  ResetSignals();
  ::umask(077);
  if (::setsid() < 0) return {ChildStep::kSession, errno, {}};
  if (options.terminal == ControllingTerminal::kStandardInput &&
      ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    return {ChildStep::kTerminal, errno, {}};
  }
  for (const std::string& file : plan.cgroup_files) {
    if (const int err = WriteControl(file.c_str(), "0"); err != 0) {
      return {ChildStep::kCgroup, err, {}};
    }
  }
  if (!plan.oom_score.empty()) {
    const int err = WriteControl("/proc/self/oom_score_adj", plan.oom_score);
    if (err != 0) return {ChildStep::kOomScore, err, {}};
  }
  if (plan.files) ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &*plan.files, nullptr);
  if (const int err = SetLimits(options.limits); err != 0) return {ChildStep::kLimits, err, {}};
  const ChildReport report = Confine(plan);
  if (report.step != ChildStep::kReady) return report;
  // After the user: changing it clears the signal, and the directory must be reachable for it.
  if (const int err = DieWithParent(plan); err != 0) return {ChildStep::kParentDeath, err, {}};
  if (::chdir(options.working_directory.c_str()) != 0) {
    return {ChildStep::kWorkingDirectory, errno, {}};
  }
  if (plan.ruleset >= 0) {
    if (const int err = EnterRuleset(plan.ruleset); err != 0) return {ChildStep::kPaths, err, {}};
  }
  return report;
}

// A report is smaller than PIPE_BUF, so it is written whole. Nothing can be done about a failure:
// the parent then sees a child that ended without a word.
void Send(const ChildPlan& plan, const ChildReport& report) {
  [[maybe_unused]] const ssize_t written = ::write(plan.report_fd, &report, sizeof(report));
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  return pointers;
}

}  // namespace

std::string_view ChildStepName(ChildStep step) noexcept {
  constexpr std::array<std::string_view, 18> kNames = {"ready",       "pass descriptors",
                                                       "new session", "take the terminal",
                                                       "join cgroup", "set OOM score",
                                                       "set limits",  "new namespaces",
                                                       "map user",    "clear groups",
                                                       "set group",   "set user",
                                                       "drop caps",   "no_new_privs",
                                                       "landlock",    "parent death signal",
                                                       "chdir",       "execve"};
  return kNames[static_cast<std::size_t>(step)];
}

ChildPlan::ChildPlan(const SpawnOptions& from)
    : options(from),
      argv(Pointers(from.arguments)),
      envp(Pointers(from.environment)),
      fds(from.fds),
      parent(::getpid()),
      files(FormerFileLimit()) {
  argv.insert(argv.begin(), const_cast<char*>(from.program.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  for (const PassedFd& fd : fds) highest_fd = std::max(highest_fd, fd.to);
  for (const std::string& group : from.cgroups) cgroup_files.push_back(JoinFileOf(group));
  if (from.oom_score_adjust) oom_score = std::to_string(*from.oom_score_adjust);
  const std::string uid = std::to_string(from.identity ? from.identity->uid : ::geteuid());
  const std::string gid = std::to_string(from.identity ? from.identity->gid : ::getegid());
  uid_map = uid + " " + uid + " 1";
  gid_map = gid + " " + gid + " 1";
}

void RunChild(ChildPlan& plan) noexcept {
  const ChildReport report = Prepare(plan);
  Send(plan, report);
  if (report.step == ChildStep::kReady) {
    ::execve(plan.argv[0], plan.argv.data(), plan.envp.data());
    Send(plan, {ChildStep::kExecute, errno, {}});
  }
  ::_exit(kExitBeforeExec);
}

}  // namespace strata::host
