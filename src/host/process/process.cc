#include "host/process/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/files/files.h"
#include "host/process/orphans.h"
#include "host/process/process_child.h"

namespace strata::host {
namespace {

constexpr Bytes kMaxProcFile = 64_KiB;

Result<Fd> OpenPidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return FailErrno("pidfd of " + std::to_string(pid), errno);
  return Fd(static_cast<int>(fd));
}

Result<std::string> BootId() {
  auto text = ReadFile("/proc/sys/kernel/random/boot_id", kMaxProcFile);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

// Field 22 of /proc/<pid>/stat. Counted from the last ')', because field 2 is the program's name in
// parentheses and may hold anything.
Result<std::uint64_t> ParseStartTime(std::string_view stat) {
  constexpr int kFieldsBefore = 20;  // spaces between ')' and the start time
  std::size_t at = stat.rfind(')');
  for (int i = 0; i < kFieldsBefore && at != std::string_view::npos; ++i) {
    at = stat.find(' ', at + 1);
  }
  std::uint64_t ticks = 0;
  const bool there = at != std::string_view::npos;
  const char* begin = stat.data() + (there ? at + 1 : 0);
  if (!there || std::from_chars(begin, stat.data() + stat.size(), ticks).ec != std::errc()) {
    return Fail(Errc::kInternal, "no start time in /proc stat");
  }
  return ticks;
}

Result<void> Validate(const SpawnOptions& options) {
  if (!options.program.starts_with('/')) {
    return Fail(Errc::kInvalidArgument, "program '" + options.program + "' is no absolute path");
  }
  if (options.privileges != Privileges::kDrop && (options.paths || options.capabilities != 0)) {
    return Fail(Errc::kInvalidArgument,
                "paths and capabilities are for programs without privileges");
  }
  std::set<int> numbers;
  for (const PassedFd& fd : options.fds) {
    if (fd.from < 0 || fd.to < 3 || !numbers.insert(fd.to).second) {
      return Fail(Errc::kInvalidArgument, "cannot pass descriptor " + std::to_string(fd.from) +
                                              " as " + std::to_string(fd.to));
    }
  }
  return {};
}

// Blocks every signal while it lives, so that no handler of ours runs in the child before it has
// reset them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void Reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Reads the child's reports until it became the program (or ended): either closes the pipe.
Result<Isolation> ReadReports(int fd) {
  std::optional<ChildReport> last;
  while (true) {
    ChildReport report;
    const ssize_t got = ::read(fd, &report, sizeof(report));
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof(report)) break;
    last = report;
  }
  if (!last) return Fail(Errc::kUnavailable, "the child ended before it could start");
  if (last->step != ChildStep::kReady) {
    return FailErrno(std::string(ChildStepName(last->step)), last->err);
  }
  return last->isolation;
}

std::chrono::nanoseconds Nanoseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

struct Process::State {
  Fd pidfd;
  ProcessId id;
  Isolation isolation;
  bool ours = false;  // started by us and not detached: we end and reap it
  std::optional<ExitStatus> status;
  std::optional<std::chrono::nanoseconds> cpu;

  explicit State(ProcessId of) : id(std::move(of)) { NoteChild(id.pid); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ForgetChild(id.pid); }

  // Waits up to `timeout_ms` (-1: for ever) for the end and reaps.
  std::optional<ExitStatus> Poll(int timeout_ms) {
    if (status) return status;
    pollfd ended = {.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    int ready = -1;
    do {
      ready = ::poll(&ended, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 1) Collect();
    return status;
  }

 private:
  // After the pidfd became readable. Not by waitid alone: Asio makes pidfds non-blocking.
  void Collect() {
    siginfo_t info = {};
    rusage used = {};  // which only the system call itself tells
    if (::syscall(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED | WNOHANG, &used) != 0) {
      status = ExitStatus{};  // ECHILD: not our child, nobody tells us more
    } else if (info.si_pid != 0) {
      const auto kind =
          info.si_code == CLD_EXITED ? ExitStatus::Kind::kExited : ExitStatus::Kind::kSignaled;
      status = ExitStatus{kind, info.si_status};
      cpu = Nanoseconds(used.ru_utime) + Nanoseconds(used.ru_stime);
    }
  }
};

std::string ExitStatus::ToString() const {
  switch (kind) {
    case Kind::kExited:
      return "exit code " + std::to_string(value);
    case Kind::kSignaled: {
      const char* name = ::sigdescr_np(value);
      return "signal " + std::to_string(value) + (name ? " (" + std::string(name) + ")" : "");
    }
    case Kind::kUnknown:
      break;
  }
  return "ended, exit status unknown";
}

Result<ProcessId> IdentifyProcess(pid_t pid) {
  auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat", kMaxProcFile);
  if (!stat) {
    // A process that ends while we read gives ESRCH or ENOENT.
    return Fail(Errc::kNotFound, "no process " + std::to_string(pid));
  }
  auto start_time = ParseStartTime(*stat);
  if (!start_time) return std::unexpected(std::move(start_time).error());
  auto boot_id = BootId();
  if (!boot_id) return std::unexpected(std::move(boot_id).error());
  return ProcessId{.pid = pid, .start_time = *start_time, .boot_id = std::move(*boot_id)};
}

Result<Process> Process::Spawn(const SpawnOptions& options) {
  if (auto valid = Validate(options); !valid) return std::unexpected(std::move(valid).error());
  const std::string context = "start " + options.program;
  ChildPlan plan(options);
  Fd ruleset;
  if (options.paths) {
    auto made = MakeRuleset(*options.paths);
    if (!made) return Wrap(std::move(made).error(), context);
    ruleset = std::move(*made);
    plan.ruleset = ruleset.get();
  }
  auto null = OpenFile("/dev/null", O_RDWR);
  if (!null) return Wrap(std::move(null).error(), context);
  const auto add = [&](int fd, int number) {
    plan.fds.push_back({.from = fd < 0 ? null->get() : fd, .to = number});
  };
  add(options.stdin_fd, STDIN_FILENO);
  add(options.stdout_fd, STDOUT_FILENO);
  add(options.stderr_fd, STDERR_FILENO);
  std::array<int, 2> pipe_ends = {-1, -1};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return FailErrno(context + ": pipe", errno);
  const Fd report_in(pipe_ends[0]);
  Fd report_out(pipe_ends[1]);
  plan.report_fd = report_out.get();

  pid_t pid = -1;
  const ExpectedOrphan not_yet_noted;
  {
    const SignalsBlocked blocked;
    pid = ::fork();
    if (pid == 0) RunChild(plan);
  }
  if (pid < 0) return FailErrno(context + ": fork", errno);
  report_out.Reset();
  // Not reaped yet, so the pid is still this child's, dead or alive.
  auto pidfd = OpenPidfd(pid);
  auto isolation = ReadReports(report_in.get());
  auto id = IdentifyProcess(pid);
  if (!pidfd || !isolation || !id) {
    ::kill(pid, SIGKILL);
    Reap(pid);
    if (!isolation) return Wrap(std::move(isolation).error(), context);
    if (!pidfd) return Wrap(std::move(pidfd).error(), context);
    return Wrap(std::move(id).error(), context);
  }
  auto state = std::make_shared<State>(std::move(*id));
  state->pidfd = std::move(*pidfd);
  state->isolation = *isolation;
  state->ours = true;
  return Process(std::move(state));
}

Result<Process> Process::Adopt(const ProcessId& id) {
  auto pidfd = OpenPidfd(id.pid);
  if (!pidfd) return Wrap(std::move(pidfd).error(), "adopt");
  // Read after the pidfd was opened: if the start time is still the recorded one, the process has
  // been the same all along, and so the pidfd is its.
  auto now = IdentifyProcess(id.pid);
  if (!now) return Wrap(std::move(now).error(), "adopt");
  if (*now != id) {
    return Fail(Errc::kNotFound, "adopt: pid " + std::to_string(id.pid) + " is another process");
  }
  auto state = std::make_shared<State>(id);
  state->pidfd = std::move(*pidfd);
  return Process(std::move(state));
}

Process::Process(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Process::~Process() {
  if (!state_ || !state_->ours || state_->Poll(0)) return;
  ::syscall(SYS_pidfd_send_signal, state_->pidfd.get(), SIGKILL, nullptr, 0);
  state_->Poll(-1);
}

Task<ExitStatus> Process::Wait() { return WaitFor(state_); }

Task<ExitStatus> Process::WaitFor(std::shared_ptr<State> state) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Executor executor = co_await asio::this_coro::executor;
  // A copy for this wait alone: the original may be closed, and several coroutines may wait.
  Fd copy(::fcntl(state->pidfd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) co_return FailErrno("wait for process", errno);
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  Descriptor descriptor(executor, copy.Release());
  while (true) {
    if (const auto status = state->Poll(0)) co_return *status;
    boost::system::error_code failed;
    co_await descriptor.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    if (failed) co_return Fail(Errc::kUnavailable, "wait for process: " + failed.message());
  }
}

std::optional<ExitStatus> Process::Poll() { return state_->Poll(0); }

std::optional<std::chrono::nanoseconds> Process::cpu_at_end() const noexcept { return state_->cpu; }

Result<void> Process::Kill(int signal) {
  const int fd = state_->pidfd.get();
  if (::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  return FailErrno("signal process " + std::to_string(pid()), errno);
}

void Process::Detach() noexcept { state_->ours = false; }
pid_t Process::pid() const noexcept { return state_->id.pid; }
int Process::pidfd() const noexcept { return state_->pidfd.get(); }
const ProcessId& Process::id() const noexcept { return state_->id; }
Isolation Process::isolation() const noexcept { return state_->isolation; }

}  // namespace strata::host
