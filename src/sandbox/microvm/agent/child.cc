#include "sandbox/microvm/agent/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "sandbox/microvm/agent/session.h"
#include "sandbox/microvm/agent/verbs.h"

namespace strata::sandbox::microvm::agent {
namespace {

constexpr const char* kGroups = "/sys/fs/cgroup";
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kNotThere = 127;
constexpr int kNotSetUp = 126;
constexpr int kRemoveTries = 500;
constexpr int kRuntimePatienceMs = 10'000;  // an emulated machine takes a second

// What programs in containers are used to having, less what makes devices and raw sockets.
constexpr std::array<int, 11> kCapabilities = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,     CAP_FSETID,           CAP_KILL,    CAP_SETGID,
    CAP_SETUID, CAP_SETPCAP,      CAP_SYS_CHROOT, CAP_NET_BIND_SERVICE, CAP_SETFCAP,
};

Result<void> Write(const std::string& path, const std::string& text) {
  auto file = OpenFile(path, O_WRONLY);
  if (!file) return std::unexpected(std::move(file).error());
  return WriteAll(file->get(), text);
}

void RemoveGroup(const std::string& group) {
  for (int tries = 0; ::rmdir(group.c_str()) != 0 && tries < kRemoveTries; ++tries) {
    ::waitpid(-1, nullptr, WNOHANG);
    ::usleep(1000);
  }
}

// A container's has the name that config.json knows it by.
Result<std::string> MakeGroup(const Program& program) {
  static unsigned made = 0;
  if (auto on = Write(std::string(kGroups) + "/cgroup.subtree_control", "+memory +pids"); !on) {
    return std::unexpected(std::move(on).error());
  }
  std::string group = std::string(kGroups);
  group += program.container.empty() ? "/program-" + std::to_string(++made) : kContainerGroup;
  if (::mkdir(group.c_str(), 0755) != 0) {
    // Only a container's name comes again: the last one did not go in time.
    if (errno != EEXIST) return FailErrno("make " + group, errno);
    if (auto killed = Write(group + "/cgroup.kill", "1"); !killed) {
      return std::unexpected(std::move(killed).error());
    }
    RemoveGroup(group);
    if (::mkdir(group.c_str(), 0755) != 0) return FailErrno("make " + group, errno);
  }
  auto limited = Write(group + "/memory.max", std::to_string(program.memory));
  if (limited) limited = Write(group + "/memory.oom.group", "1");
  if (limited) limited = Write(group + "/pids.max", std::to_string(program.pids));
  if (!limited) return std::unexpected(std::move(limited).error());
  return group;
}

void DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  for (const int kept : kCapabilities) {
    sets[kept / 32].effective |= 1U << kept % 32;
    sets[kept / 32].permitted |= 1U << kept % 32;
    sets[kept / 32].inheritable |= 1U << kept % 32;
  }
  for (int each = 0; ::prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
    if (std::find(kCapabilities.begin(), kCapabilities.end(), each) == kCapabilities.end()) {
      ::prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    }
  }
  ::syscall(SYS_capset, &header, sets.data());
}

// Where a child that cannot become its program says why: closed by execve. Standard error for the
// image's own program, whose words go to its log.
constexpr int kReasons = 3;

[[noreturn]] void Die(const char* what, int code) {
  const std::string line = std::string(what) + ": " + std::strerror(errno);
  if (::write(kReasons, line.data(), line.size()) < 0) {
    [[maybe_unused]] const ssize_t written =
        ::write(STDERR_FILENO, (line + "\n").data(), line.size() + 1);
  }
  ::_exit(code);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: a session of its own, with `streams` as its standard ones; those that are not valid
// are nothing.
void TakeStreams(const Program& program, const std::array<Fd, 3>& streams) {
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none_blocked;
  ::sigemptyset(&none_blocked);
  ::sigprocmask(SIG_SETMASK, &none_blocked, nullptr);
  ::setsid();
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int number = 0; number < 3; ++number) {
    ::dup2(streams[number].valid() ? streams[number].get() : nothing.get(), number);
  }
  if (program.terminal && streams[0].valid() && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    Die("take the terminal", kNotSetUp);
  }
}

// In the child. The runtime puts the program into its group.
[[noreturn]] void BecomeRuntime(std::vector<std::string> command) {
  ::syscall(SYS_close_range, kReasons, ~0U, 0);
  std::vector<std::string> env = {std::string("PATH=") + kPath};
  ::execve(kRuntimeInMachine, Pointers(command).data(), Pointers(env).data());
  Die(kRuntimeInMachine, kNotThere);
}

// How `runtime` ended. Nothing: too late, and it has been killed with its children, which a guest
// that sees them may have stopped.
std::optional<int> AwaitRuntime(pid_t runtime) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, runtime, 0)));
  pollfd ends{handle.get(), POLLIN, 0};
  int polled = 0;
  while ((polled = ::poll(&ends, 1, kRuntimePatienceMs)) < 0 && errno == EINTR) {
  }
  if (polled != 1) {
    const std::string pid = std::to_string(runtime);
    const auto children = ReadFile("/proc/" + pid + "/task/" + pid + "/children", 4_KiB);
    std::istringstream all(children.value_or(""));
    for (pid_t child = 0; all >> child;) ::kill(child, SIGKILL);
    ::kill(-runtime, SIGKILL);
  }
  int status = 0;
  while (::waitpid(runtime, &status, 0) < 0 && errno == EINTR) {
  }
  return polled == 1 ? std::optional(status) : std::nullopt;
}

// In the child.
[[noreturn]] void Become(const Program& program, const std::string& group, int reasons) {
  if (!Write(group + "/cgroup.procs", "0")) Die("join the group", kNotSetUp);
  if (reasons >= 0) ::dup3(reasons, kReasons, O_CLOEXEC);
  ::syscall(SYS_close_range, reasons >= 0 ? kReasons + 1 : kReasons, ~0U, 0);
  if (::chroot(kRoot) != 0 || ::chdir(program.cwd.c_str()) != 0) {
    Die(program.cwd.c_str(), kNotSetUp);
  }
  const rlimit files{1024, 1024};
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::setrlimit(RLIMIT_CORE, &none);
  ::umask(022);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Die("no_new_privs", kNotSetUp);
  DropCapabilities();
  if (::setgroups(0, nullptr) != 0 || ::setgid(program.gid) != 0 || ::setuid(program.uid) != 0) {
    Die("change the user", kNotSetUp);
  }
  std::vector<std::string> args = program.args;
  if (args[0] == kAgentProgram) {
    ::close(kReasons);
    const auto code = RunVerb(Pointers(args).data() + 1);
    ::_exit(code.value_or(kNotThere));
  }
  std::vector<std::string> env;
  for (const auto& [name, value] : program.env) env.push_back(std::string(name) + "=" + value);
  const auto path = program.env.find("PATH");
  const std::string search = path == program.env.end() ? kPath : path->second;
  if (path == program.env.end()) env.push_back("PATH=" + search);
  ::setenv("PATH", search.c_str(), 1);
  ::execvpe(args[0].c_str(), Pointers(args).data(), Pointers(env).data());
  Die(args[0].c_str(), kNotThere);
}

std::uint64_t ReadNumber(const std::string& path, std::string_view label = {}) {
  const auto text = ReadFile(path, 4_KiB);
  if (!text) return 0;
  const std::size_t at = label.empty() ? 0 : text->find(label);
  if (at == std::string::npos) return 0;
  std::uint64_t value = 0;
  const char* begin = text->data() + at + label.size();
  std::from_chars(begin, text->data() + text->size(), value);
  return value;
}

// A program's standard streams: ours, and the program's.
struct Streams {
  Fd in, out, err;
  std::array<Fd, 3> theirs;
};

Result<Streams> MakePipes() {
  std::array<std::array<int, 2>, 3> pipes = {};
  for (auto& ends : pipes) {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return FailErrno("pipe", errno);
  }
  return Streams{Fd(pipes[0][1]),
                 Fd(pipes[1][0]),
                 Fd(pipes[2][0]),
                 {Fd(pipes[0][0]), Fd(pipes[1][1]), Fd(pipes[2][1])}};
}

Result<void> SetSize(const Fd& terminal, TerminalSize size) {
  const winsize now{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(terminal.get(), TIOCSWINSZ, &now) == 0) return {};
  return FailErrno("size of the terminal", errno);
}

// A terminal of the sandbox's own, so that it has a name there.
Result<Streams> MakeTerminal(const Program& program) {
  Streams made;
  auto outer = OpenFile(std::string(kRoot) + "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
  if (!outer) return std::unexpected(std::move(outer).error());
  int locked = 0;
  ::ioctl(outer->get(), TIOCSPTLCK, &locked);
  made.theirs[0] = Fd(::ioctl(outer->get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!made.theirs[0].valid() || ::fchown(made.theirs[0].get(), program.uid, program.gid) != 0) {
    return FailErrno("make a terminal", errno);
  }
  if (auto sized = SetSize(*outer, *program.terminal); !sized) {
    return std::unexpected(std::move(sized).error());
  }
  for (Fd* copy : {&made.theirs[1], &made.theirs[2]}) {
    auto more = DuplicateFd(made.theirs[0]);
    if (!more) return std::unexpected(std::move(more).error());
    *copy = std::move(*more);
  }
  auto copy = DuplicateFd(*outer);
  if (!copy) return std::unexpected(std::move(copy).error());
  made.in = std::move(*copy);
  made.out = std::move(*outer);
  return made;
}

}  // namespace

Result<Child> Child::Start(const Program& program, const Child* beside) {
  if (program.args.empty()) return Fail(Errc::kInvalidArgument, "nothing to run");
  auto group = beside == nullptr ? MakeGroup(program) : Result<std::string>(beside->group_);
  if (!group) return std::unexpected(std::move(group).error());
  Child child;
  child.group_ = std::move(*group);
  child.own_group_ = beside == nullptr;
  child.terminal_ = program.terminal.has_value();
  auto runs = program.container.empty() ? child.Run(program) : child.RunContained(program);
  if (!runs) {
    child.Discard();
    return std::unexpected(std::move(runs).error());
  }
  for (const Fd* ours : {&child.in, &child.out, &child.err}) {
    if (ours->valid()) ::fcntl(ours->get(), F_SETFL, O_NONBLOCK);
  }
  return child;
}

Result<void> Child::Run(const Program& program) {
  auto streams = program.terminal ? MakeTerminal(program) : MakePipes();
  if (!streams) return std::unexpected(std::move(streams).error());
  std::array<int, 2> reasons = {-1, -1};
  if (!own_group_ && ::pipe2(reasons.data(), O_CLOEXEC) != 0) return FailErrno("pipe", errno);
  pid_ = session_ = ::fork();
  if (pid_ == 0) {
    TakeStreams(program, streams->theirs);
    Become(program, group_, reasons[1]);
  }
  const int failed = errno;
  streams->theirs = {};
  in = std::move(streams->in);
  out = std::move(streams->out);
  err = std::move(streams->err);
  if (pid_ < 0) return FailErrno("fork", failed);
  if (own_group_) return {};
  ::close(reasons[1]);
  const Fd from(reasons[0]);
  std::array<char, 256> why;
  const ssize_t said = ::read(from.get(), why.data(), why.size());
  if (said <= 0) return {};
  return Fail(Errc::kFailedPrecondition, std::string(why.data(), static_cast<std::size_t>(said)));
}

// The runtime ends once the program runs, which is a child of ours then: dead or alive, nobody else
// waits for it.
Result<void> Child::RunContained(const Program& program) {
  auto contained = Contained::Make(program);
  if (!contained) return std::unexpected(std::move(contained).error());
  contained_ = *contained;
  auto streams = program.terminal ? Streams() : MakePipes();
  if (!streams) return std::unexpected(std::move(streams).error());
  auto console = program.terminal ? contained_->Listen() : Fd();
  if (!console) return std::unexpected(std::move(console).error());
  const pid_t runtime = ::fork();
  if (runtime == 0) {
    TakeStreams(program, streams->theirs);
    BecomeRuntime(contained_->Command());
  }
  if (runtime < 0) return FailErrno("fork", errno);
  streams->theirs = {};
  const auto ended = AwaitRuntime(runtime);
  pid_ = contained_->pid();
  if (pid_ > 0) session_ = ::getsid(pid_);
  if (!ended) return Fail(Errc::kFailedPrecondition, "OCI runtime: it does not end");
  if (*ended != 0 || pid_ <= 0) {
    return Fail(Errc::kFailedPrecondition, "OCI runtime: " + contained_->Complaint());
  }
  in = std::move(streams->in);
  out = std::move(streams->out);
  err = std::move(streams->err);
  if (!program.terminal) return {};
  auto outer = TakeConsole(*console);
  if (!outer) return std::unexpected(std::move(outer).error());
  auto copy = DuplicateFd(*outer);
  if (!copy) return std::unexpected(std::move(copy).error());
  in = std::move(*copy);
  out = std::move(*outer);
  return SetSize(out, *program.terminal);
}

void Child::Discard() const {
  KillAll();
  if (pid_ > 0) ::kill(pid_, SIGKILL);  // it may not lead its session yet
  if (contained_) contained_->Forget();
  if (own_group_) RemoveGroup(group_);
}

Result<void> Child::Rename(const std::string& hostname) const {
  return contained_ && own_group_ ? RenameContainer(pid_, hostname) : Result<void>{};
}

void Child::Terminate() const {
  if (own_group_) {
    ::kill(pid_, SIGTERM);
  } else {
    SignalSession(session_, terminal_ ? SIGHUP : SIGTERM);
  }
}

void Child::Signal(int signal) const {
  if (!ended()) ::kill(pid_, signal);
}

void Child::Resize(TerminalSize size) const {
  // A terminal that is gone has no size.
  if (terminal_ && out.valid()) static_cast<void>(SetSize(out, size));
}

void Child::KillAll() const {
  if (own_group_) {
    static_cast<void>(Write(group_ + "/cgroup.kill", "1"));
  } else {
    SignalSession(session_, SIGKILL);
  }
}

Outcome Child::Finish() const {
  KillAll();
  if (contained_) contained_->Forget();
  Outcome outcome;
  outcome.signaled = WIFSIGNALED(*status_);
  outcome.status = outcome.signaled ? WTERMSIG(*status_) : WEXITSTATUS(*status_);
  if (!own_group_) return outcome;
  outcome.out_of_memory = ReadNumber(group_ + "/memory.events", "oom_kill ") > 0;
  outcome.memory_peak = ReadNumber(group_ + "/memory.peak");
  RemoveGroup(group_);
  return outcome;
}

}  // namespace strata::sandbox::microvm::agent
