// host/process/process.h - the one way to run a program. Everything that the child may have is said
// here; what is not said, it does not get.
//
//   manager, keeper, CLI --> [ Spawn(SpawnOptions) --> Process ] --> fork, confine, execve
//
// The child starts with: the given environment and descriptors only, an empty signal mask and
// default signal actions, its own session, umask 077, and the limit of open files that we began
// with (process/file_limit.h). A step that fails between fork and execve is reported with its name;
// no half-confined program ever runs.
//
// Threads:  Spawn may be called from any thread. A Process belongs to one loop.
// Lifetime: destroying a Process that we started kills and reaps it, unless Detach() was called. An
//           adopted one is left alone. Wait() may outlive the Process object.
// Signals:  none are used; children are watched by pidfd. A program that ignores SIGCHLD cannot
//           learn exit codes and must not use this.
// Tested by host/process/process_test.cc.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "host/confine/landlock.h"

namespace strata::host {

// How a process ended.
struct ExitStatus {
  enum class Kind : std::uint8_t {
    kExited,    // `value` is the exit code
    kSignaled,  // `value` is the signal
    kUnknown,   // it ended, but it was not our child: the kernel does not tell
  };
  Kind kind = Kind::kUnknown;
  int value = 0;

  [[nodiscard]] bool success() const noexcept { return kind == Kind::kExited && value == 0; }
  [[nodiscard]] std::string ToString() const;  // "exit code 3", "signal 9 (Killed)", ...
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// Names one process for ever: pids are reused, this triple is not.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot, /proc/<pid>/stat field 22
  std::string boot_id;           // /proc/sys/kernel/random/boot_id
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

// The identity of a process that runs now. kNotFound when there is none with this pid.
Result<ProcessId> IdentifyProcess(pid_t pid);

struct PassedFd {
  int from = -1;  // stays the caller's
  int to = -1;    // its number in the child, 3 or more
};

struct ResourceLimit {
  int resource = 0;  // RLIMIT_*
  rlim_t value = 0;  // soft and hard
};

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;  // supplementary groups are always cleared
};

// New network, IPC and UTS namespaces for the child.
enum class Namespaces : std::uint8_t {
  kKeep,       // share ours
  kIfAllowed,  // new ones where this host allows; what was got is in Process::isolation()
  kRequired,   // new ones, or Spawn fails
};

enum class Privileges : std::uint8_t {
  kDrop,  // no capabilities (bounding and ambient sets too) and no_new_privs
  kKeep,  // only for tools that need what we have
};

enum class ControllingTerminal : std::uint8_t {
  kNone,
  kStandardInput,  // which is a terminal, and nobody else's controlling one
};

struct SpawnOptions {
  std::string program;                   // absolute path
  std::vector<std::string> arguments;    // argv[1..]; argv[0] is `program`
  std::vector<std::string> environment;  // "NAME=value"
  std::string working_directory = "/";
  int stdin_fd = -1;  // -1: /dev/null, for all three
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::vector<PassedFd> fds;
  std::vector<ResourceLimit> limits;
  std::vector<std::string> cgroups;  // directories of the groups that it is in from the start
  std::optional<Identity> identity;  // none: stay who we are
  ControllingTerminal terminal = ControllingTerminal::kNone;
  Namespaces namespaces = Namespaces::kKeep;
  Privileges privileges = Privileges::kDrop;
  // With kDrop, as root: the capabilities that it has all the same, a bit for each CAP_*.
  std::uint64_t capabilities = 0;
  // With kDrop: all that it may reach by path, its own program, loader and libraries among it
  // (host/confine/landlock.h says what that does not cover). None: what its user may.
  std::optional<std::vector<PathRule>> paths;
  int parent_death_signal = 0;  // sent when the *thread* that called Spawn ends; 0: none
  std::optional<int> oom_score_adjust;
};

// What kind of namespaces a child got.
struct Isolation {
  bool namespaces = false;      // own network, IPC and UTS namespaces
  bool user_namespace = false;  // they hang under an own user namespace (no privilege was needed)
};

class Process {
 public:
  // Starts `options.program`. Returns once the program itself runs (execve succeeded).
  // kInvalidArgument: relative program, bad descriptor numbers, `capabilities` or `paths` without
  // kDrop. kUnsupported: `paths`, and no Landlock. Otherwise FailErrno's codes, the
  // message names the step: "start /x: set user: Operation not permitted".
  static Result<Process> Spawn(const SpawnOptions& options);

  // Takes hold of a process that another process of ours started. kNotFound: it is gone, or its pid
  // belongs to somebody else now, or the machine has been rebooted since.
  static Result<Process> Adopt(const ProcessId& id);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  // Waits until it has ended, on the loop of the calling coroutine. May be called any number of
  // times and ends at once afterwards. Fails with kUnavailable when the wait is cancelled.
  [[nodiscard]] Task<ExitStatus> Wait();

  // The exit status if it has ended by now.
  [[nodiscard]] std::optional<ExitStatus> Poll();

  // CPU time that it used in all, with the children that it waited for. Known once Wait or Poll has
  // said how it ended, and only of our own child.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_at_end() const noexcept;

  // Sends `signal` to exactly this process. Succeeds when it has ended already.
  Result<void> Kill(int signal);

  // From now on the destructor leaves the process running (a later program adopts it).
  void Detach() noexcept;

  [[nodiscard]] pid_t pid() const noexcept;
  [[nodiscard]] int pidfd() const noexcept;  // stays ours
  [[nodiscard]] const ProcessId& id() const noexcept;
  [[nodiscard]] Isolation isolation() const noexcept;

 private:
  struct State;
  explicit Process(std::shared_ptr<State> state) noexcept;
  static Task<ExitStatus> WaitFor(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with waiting coroutines; null after a move
};

struct RunResult {
  ExitStatus status;
  std::string out;
  std::string err;
};

// Runs a small tool to its end and collects what it prints; `input` is its stdin. Blocks the
// thread: for the command line, set-up and tests. stdin_fd, stdout_fd and stderr_fd must be -1.
// kDeadlineExceeded: it ran longer than `timeout`; kResourceExhausted: it printed more than
// `output_limit` to one of the two. Either way it has been killed and reaped.
Result<RunResult> RunToEnd(const SpawnOptions& options, std::chrono::milliseconds timeout,
                           Bytes output_limit, std::string_view input = {});

}  // namespace strata::host
