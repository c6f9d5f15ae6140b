#include "kube/shim/task/oci_backend.h"

#include <signal.h>

#include <charconv>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "host/process/orphans.h"
#include "host/process/process.h"
#include "sandbox/oci/runtime/last_words.h"
#include "sandbox/oci/runtime/runtime.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kPidFile = 64_B;
constexpr int kLastPlainSignal = 31;  // runsc knows no realtime signals

void GiveStreams(host::SpawnOptions& command, const Stdio& stdio) {
  command.stdin_fd = stdio.in();
  command.stdout_fd = stdio.out();
  command.stderr_fd = stdio.err();
}

// 0 is refused, too: to runsc it is the container's first program.
Result<int> ReadPid(const std::string& file) {
  const auto text = ReadFile(file, kPidFile);
  if (!text) return std::unexpected(text.error());
  int pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  if (pid > 0) return pid;
  return Fail(Errc::kInternal, "OCI runtime: no process id in " + file);
}

// Unreaped as long as nobody waits for it, so the pid is still this process's, dead or alive.
Result<void> Adopt(ContainerProcess& process, const std::string& pid_file) {
  const auto pid = ReadPid(pid_file);
  if (!pid) return std::unexpected(pid.error());
  const auto id = host::IdentifyProcess(*pid);
  if (!id) return std::unexpected(id.error());
  auto adopted = host::Process::Adopt(*id);
  if (!adopted) return std::unexpected(std::move(adopted).error());
  process.process = std::move(*adopted);
  return {};
}

}  // namespace

Task<void> OciBackend::Make(ContainerProcess& first) {
  auto console = ListenForTerminal(first, "console");
  if (!console) co_return std::unexpected(std::move(console).error());
  auto command =
      runtime_.CreateCommand(bundle_, id_, *console ? (*console)->path() : std::string());
  if (!*console) GiveStreams(command, first.stdio);
  if (plan_) {
    auto own = MakeOwnGroup(shared_.groups, bundle_, *plan_);
    if (!own) co_return std::unexpected(std::move(own).error());
    group_ = std::move(*own);
    command.cgroups = group_->directories();
  }
  const host::ExpectedOrphan expected;
  auto done = co_await Run(std::move(command), log());
  if (done) done = Adopt(first, bundle_ + "/pid");
  if (done) done = TakeTerminal(first, *console);
  if (!done || plan_) co_return done;
  auto group = shared_.groups.Of(first.process->pid());
  if (group) group_ = std::move(*group);  // else the container has none of its own
  co_return Result<void>();
}

Task<void> OciBackend::Start() {
  co_return co_await Run(runtime_.StartCommand(bundle_, id_), log());
}

// containerd's name of it may be any text, so the files have one of ours.
Task<void> OciBackend::Exec(ContainerProcess& exec) {
  const std::string name = "exec-" + std::to_string(++execs_);
  const fs::path base = fs::path(bundle_) / name;
  const sandbox::oci::Runtime::ExecFiles files{.process = base.string() + ".json",
                                               .pid = base.string() + ".pid",
                                               .log = base.string() + ".log",
                                               .inner_pid = base.string() + ".inner"};
  auto written = WriteFileAtomic(files.process, exec.spec);
  if (!written) co_return written;
  auto console = ListenForTerminal(exec, name);
  if (!console) co_return std::unexpected(std::move(console).error());
  auto command = runtime_.DetachedExecCommand(bundle_, id_, files,
                                              *console ? (*console)->path() : std::string());
  if (!*console) GiveStreams(command, exec.stdio);
  const host::ExpectedOrphan expected;
  auto done = co_await Run(std::move(command), files.log);
  if (done) done = Take(exec, files, *console);
  std::error_code ignored;
  for (const fs::path& file : {files.process, files.pid, files.log, files.inner_pid}) {
    fs::remove(file, ignored);
  }
  co_return done;
}

// Without all of it there is no process: one that nobody watches would be waited for at the end.
Result<void> OciBackend::Take(ContainerProcess& exec, const sandbox::oci::Runtime::ExecFiles& files,
                              const std::optional<ConsoleSocket>& socket) {
  auto done = Adopt(exec, files.pid);
  if (!done) return done;
  if (plan_) {
    const auto inner = ReadPid(files.inner_pid);
    if (inner) exec.inner_pid = *inner;
    done = inner ? group_->Add(exec.process->pid()) : std::unexpected(inner.error());
  }
  if (done) done = TakeTerminal(exec, socket);
  if (done) return done;
  static_cast<void>(exec.process->Kill(SIGKILL));
  exec.process.reset();
  return done;
}

// What stays hands signals of its own on to the first program, and not those of one beside it.
Task<void> OciBackend::Kill(ContainerProcess& process, int signal) {
  if (!process.inner_pid) {
    auto sent = process.process->Kill(signal);
    co_return sent;
  }
  if (signal < 1 || signal > kLastPlainSignal) {
    co_return Fail(Errc::kUnsupported, "kill: class appkernel hands on the signals 1 to " +
                                           std::to_string(kLastPlainSignal) + ", not " +
                                           std::to_string(signal));
  }
  auto command = runtime_.KillInnerCommand(bundle_, id_, *process.inner_pid, signal);
  auto sent = co_await Run(std::move(command), bundle_ + "/kill.log");
  // It may have ended meanwhile, and then containerd asks no more.
  if (!sent && process.process->Poll()) co_return Fail(Errc::kNotFound, "process already finished");
  co_return sent;
}

Task<void> OciBackend::Update(std::string resources) {
  if (plan_) {
    auto limited = LimitOwnGroup(group_.get(), resources, plan_->least_memory);
    if (!limited) co_return Wrap(std::move(limited).error(), "class appkernel");
    co_return Result<void>();
  }
  const std::string file = bundle_ + "/resources.json";
  if (auto written = WriteFileAtomic(file, resources); !written) co_return written;
  co_return co_await Run(runtime_.UpdateCommand(bundle_, id_, file), log());
}

Task<void> OciBackend::Remove() {
  if (plan_) {
    // All that it has on the host is in the group and in the bundle.
    if (!group_) co_return Result<void>();
    std::move_only_function<Result<void>()> remove = [group = group_] {
      return RemoveOwnGroup(*group);
    };
    co_return co_await shared_.worker->Run(std::move(remove));
  }
  co_return co_await Run(runtime_.DeleteCommand(bundle_, id_), log());
}

Task<void> OciBackend::Run(host::SpawnOptions command, std::string log) {
  auto runtime = host::Process::Spawn(command);
  if (!runtime) co_return std::unexpected(std::move(runtime).error());
  const auto ended = co_await runtime->Wait();
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->success()) co_return Result<void>();
  co_return Fail(Errc::kInternal, "OCI runtime: " + sandbox::oci::LastWords(log).value_or(
                                                        "no reason given, " + ended->ToString()));
}

Result<std::optional<ConsoleSocket>> OciBackend::ListenForTerminal(const ContainerProcess& process,
                                                                   const std::string& name) const {
  if (!process.names.terminal) return std::nullopt;
  auto socket = ConsoleSocket::Listen(bundle_, name + ".sock");
  if (!socket) return std::unexpected(std::move(socket).error());
  return std::optional<ConsoleSocket>(std::move(*socket));
}

Result<void> OciBackend::TakeTerminal(ContainerProcess& process,
                                      const std::optional<ConsoleSocket>& socket) {
  if (!socket) return {};
  auto terminal = socket->Take();
  if (!terminal) return std::unexpected(std::move(terminal).error());
  auto console = Console::Start(shared_.loop, std::move(*terminal), process.stdio);
  if (!console) return std::unexpected(std::move(console).error());
  process.console = std::move(*console);
  return {};
}

}  // namespace strata::kube::shim
