#include "kube/shim/container.h"

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "host/orphans.h"
#include "kube/shim/pod_config.h"
#include "kube/shim/root_mounts.h"
#include "sandbox/oci/last_words.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookAgain{30};  // should a change not have been told
constexpr std::uint32_t kSignalBase = 128;
constexpr std::uint32_t kUnknownStatus = 255;
constexpr Bytes kPidFile = 64_B;
constexpr Bytes kConfigFile = 4_MiB;

std::uint32_t StatusOf(const Result<host::ExitStatus>& ended) {
  if (!ended || ended->kind == host::ExitStatus::Kind::kUnknown) return kUnknownStatus;
  const auto value = static_cast<std::uint32_t>(ended->value);
  return ended->kind == host::ExitStatus::Kind::kSignaled ? kSignalBase + value : value;
}

std::vector<RootMount> MountsOf(const task_api::CreateTaskRequest& request) {
  std::vector<RootMount> mounts;
  for (const auto& mount : request.rootfs()) {
    mounts.push_back({.type = mount.type(),
                      .source = mount.source(),
                      .options = {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

// What has to be right before anything is done.
Result<void> Check(const task_api::CreateTaskRequest& request) {
  if (!request.checkpoint().empty()) {
    return Fail(Errc::kUnsupported, "create: this runtime restores no checkpoints");
  }
  const fs::path bundle = request.bundle();
  std::error_code ignored;
  if (!bundle.is_absolute() || !fs::is_regular_file(bundle / "config.json", ignored)) {
    return Fail(Errc::kInvalidArgument, "create: no config.json in bundle " + request.bundle());
  }
  return {};
}

}  // namespace

Container::Container(Shared& shared, std::string name_space, std::string id, std::string bundle)
    : shared_(shared),
      name_space_(std::move(name_space)),
      id_(std::move(id)),
      bundle_(std::move(bundle)),
      turns_(shared.loop, 1),
      changed_(shared.loop) {}

Task<void> Container::Create(const task_api::CreateTaskRequest& request) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (auto good = Check(request); !good) co_return good;
  if (auto read = ReadConfig(); !read) co_return read;
  auto first = std::make_shared<ContainerProcess>();
  first->names = {.in = request.stdin(),
                  .out = request.stdout(),
                  .err = request.stderr(),
                  .terminal = request.terminal()};
  std::move_only_function<Result<void>()> mount =
      [mounts = MountsOf(request), root = bundle_ + "/rootfs"] { return MountRoot(mounts, root); };
  auto done = co_await shared_.worker->Run(std::move(mount));
  if (!done) co_return done;
  done = co_await MakeFirst(first);
  if (!done) {
    static_cast<void>(co_await Remove());
    co_return done;
  }
  processes_[""] = first;
  event_api::TaskCreate event;
  event.set_container_id(id_);
  event.set_bundle(bundle_);
  *event.mutable_rootfs() = request.rootfs();
  auto* io = event.mutable_io();
  io->set_stdin(request.stdin());
  io->set_stdout(request.stdout());
  io->set_stderr(request.stderr());
  io->set_terminal(request.terminal());
  event.set_pid(first->pid());
  Publish("/tasks/create", "TaskCreate", event);
  Spawn(shared_.loop, Watch(shared_from_this(), first));
  co_return Result<void>();
}

// config.json is containerd's; a container of a pod of ours is given what the pod shares.
Result<void> Container::ReadConfig() {
  const fs::path file = fs::path(bundle_) / "config.json";
  const auto text = ReadFile(file, kConfigFile);
  if (!text) return std::unexpected(text.error());
  auto config = ParseJson(*text, kConfigFile);
  if (!config) return Wrap(std::move(config).error(), file.string());
  pod_ = PodOf(*config);
  const auto at = shared_.pods.find({name_space_, pod_});
  if (at == shared_.pods.end()) return {};
  const Pod& pod = *at->second;
  if (pod.state != PodState::kReady) {
    return Fail(Errc::kFailedPrecondition, "create " + id_ + ": its pod is not ready");
  }
  auto joined = JoinPod(std::move(*config), pod.settings, pod.place);
  if (!joined) return std::unexpected(std::move(joined).error());
  return WriteFileAtomic(file, DumpJson(*joined));
}

Task<void> Container::MakeFirst(Process first) {
  auto stdio = Stdio::Open(first->names);
  if (!stdio) co_return std::unexpected(std::move(stdio).error());
  first->stdio = std::move(*stdio);
  auto console = ListenForTerminal(*first, "console");
  if (!console) co_return std::unexpected(std::move(console).error());
  auto command =
      shared_.runtime.CreateCommand(bundle_, id_, *console ? (*console)->path() : std::string());
  if (!*console) {
    command.stdin_fd = first->stdio.in();
    command.stdout_fd = first->stdio.out();
    command.stderr_fd = first->stdio.err();
  }
  const host::ExpectedOrphan expected;
  auto done = co_await RunRuntime(std::move(command), bundle_ + "/runtime.log");
  if (done) done = Adopt(*first, bundle_ + "/pid");
  if (done) done = TakeTerminal(*first, *console);
  if (!done) co_return done;
  first->stdio.LetGo();
  first->input = Input::Start(shared_.loop, first->stdio);
  auto group = shared_.groups.Of(first->process->pid());
  if (group) group_ = std::move(*group);  // else the container has none of its own
  co_return Result<void>();
}

Task<std::uint32_t> Container::Start(std::string exec_id) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  auto found = Find(exec_id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const Process process = *found;
  const bool made = process->state == ProcessState::kCreated;
  if (!made || (!exec_id.empty() && process->process)) {
    co_return Fail(Errc::kFailedPrecondition,
                   "start " + id_ + " " + exec_id + ": not just created");
  }
  process->starting = true;
  Result<void> started;
  if (exec_id.empty()) {
    started =
        co_await RunRuntime(shared_.runtime.StartCommand(bundle_, id_), bundle_ + "/runtime.log");
  } else {
    started = co_await RunExec(process);
  }
  if (started) {
    process->state = ProcessState::kRunning;
    if (exec_id.empty()) {
      event_api::TaskStart event;
      event.set_container_id(id_);
      event.set_pid(process->pid());
      Publish("/tasks/start", "TaskStart", event);
    } else {
      event_api::TaskExecStarted event;
      event.set_container_id(id_);
      event.set_exec_id(exec_id);
      event.set_pid(process->pid());
      Publish("/tasks/exec-started", "TaskExecStarted", event);
    }
  }
  process->starting = false;
  changed_.Notify();
  if (!started) co_return std::unexpected(std::move(started).error());
  co_return process->pid();
}

Task<void> Container::Exec(const task_api::ExecProcessRequest& request) {
  auto first = Find("");
  if (!first) co_return std::unexpected(std::move(first).error());
  if (request.exec_id().empty() || processes_.contains(request.exec_id())) {
    co_return Fail(Errc::kFailedPrecondition,
                   "exec " + id_ + ": '" + request.exec_id() + "' is used already");
  }
  if ((*first)->state != ProcessState::kRunning) {
    co_return Fail(Errc::kFailedPrecondition, "exec " + id_ + ": the container is not running");
  }
  auto exec = std::make_shared<ContainerProcess>();
  exec->exec_id = request.exec_id();
  exec->names = {.in = request.stdin(),
                 .out = request.stdout(),
                 .err = request.stderr(),
                 .terminal = request.terminal()};
  exec->spec = request.spec().value();
  processes_[request.exec_id()] = exec;
  event_api::TaskExecAdded event;
  event.set_container_id(id_);
  event.set_exec_id(request.exec_id());
  Publish("/tasks/exec-added", "TaskExecAdded", event);
  co_return Result<void>();
}

// containerd's name of it may be any text, so the files have one of ours.
Task<void> Container::RunExec(Process exec) {
  const std::string name = "exec-" + std::to_string(++execs_);
  const fs::path base = fs::path(bundle_) / name;
  const sandbox::oci::Runtime::ExecFiles files{.process = base.string() + ".json",
                                               .pid = base.string() + ".pid",
                                               .log = base.string() + ".log"};
  auto stdio = Stdio::Open(exec->names);
  if (!stdio) co_return std::unexpected(std::move(stdio).error());
  exec->stdio = std::move(*stdio);
  auto written = WriteFileAtomic(files.process, exec->spec);
  if (!written) co_return written;
  auto console = ListenForTerminal(*exec, name);
  if (!console) co_return std::unexpected(std::move(console).error());
  auto command = shared_.runtime.DetachedExecCommand(bundle_, id_, files,
                                                     *console ? (*console)->path() : std::string());
  if (!*console) {
    command.stdin_fd = exec->stdio.in();
    command.stdout_fd = exec->stdio.out();
    command.stderr_fd = exec->stdio.err();
  }
  const host::ExpectedOrphan expected;
  auto done = co_await RunRuntime(std::move(command), files.log);
  if (done) done = Adopt(*exec, files.pid);
  if (done) done = TakeTerminal(*exec, *console);
  std::error_code ignored;
  for (const fs::path& file : {files.process, files.pid, files.log}) fs::remove(file, ignored);
  if (!done) co_return done;
  exec->stdio.LetGo();
  exec->input = Input::Start(shared_.loop, exec->stdio);
  Spawn(shared_.loop, Watch(shared_from_this(), exec));
  co_return Result<void>();
}

Task<void> Container::RunRuntime(host::SpawnOptions command, std::string log) {
  auto runtime = host::Process::Spawn(command);
  if (!runtime) co_return std::unexpected(std::move(runtime).error());
  const auto ended = co_await runtime->Wait();
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->success()) co_return Result<void>();
  co_return Fail(Errc::kInternal, "OCI runtime: " + sandbox::oci::LastWords(log).value_or(
                                                        "no reason given, " + ended->ToString()));
}

// Unreaped as long as nobody waits for it, so the pid is still this process's, dead or alive.
Result<void> Container::Adopt(ContainerProcess& process, const std::string& pid_file) {
  const auto text = ReadFile(pid_file, kPidFile);
  if (!text) return std::unexpected(text.error());
  const auto id = host::IdentifyProcess(std::atoi(text->c_str()));
  if (!id) return std::unexpected(id.error());
  auto adopted = host::Process::Adopt(*id);
  if (!adopted) return std::unexpected(std::move(adopted).error());
  process.process = std::move(*adopted);
  return {};
}

Result<std::optional<ConsoleSocket>> Container::ListenForTerminal(const ContainerProcess& process,
                                                                  const std::string& name) const {
  if (!process.names.terminal) return std::nullopt;
  auto socket = ConsoleSocket::Listen(bundle_, name + ".sock");
  if (!socket) return std::unexpected(std::move(socket).error());
  return std::optional<ConsoleSocket>(std::move(*socket));
}

Result<void> Container::TakeTerminal(ContainerProcess& process,
                                     const std::optional<ConsoleSocket>& socket) {
  if (!socket) return {};
  auto terminal = socket->Take();
  if (!terminal) return std::unexpected(std::move(terminal).error());
  auto console = Console::Start(shared_.loop, std::move(*terminal), process.stdio);
  if (!console) return std::unexpected(std::move(console).error());
  process.console = std::move(*console);
  return {};
}

Awaitable<void> Container::Watch(std::shared_ptr<Container> /*self*/, Process process) {
  const auto ended = co_await process->process->Wait();
  process->exit_status = StatusOf(ended);
  process->exited_at = shared_.clock.WallNow();
  while (process->starting) co_await changed_.Wait(kLookAgain);
  if (process->exec_id.empty()) co_await EndOthers();
  process->state = ProcessState::kStopped;
  if (process->input) process->input->Close();
  event_api::TaskExit event;
  event.set_container_id(id_);
  event.set_id(process->exec_id.empty() ? id_ : process->exec_id);
  event.set_pid(process->pid());
  event.set_exit_status(process->exit_status);
  SetTime(*event.mutable_exited_at(), process->exited_at);
  Publish("/tasks/exit", "TaskExit", event);
  changed_.Notify();
  host::ReapOrphans();
}

// With the first process the container has ended, also for those that share others' processes;
// their ends are told before its own.
Awaitable<void> Container::EndOthers() {
  if (group_) static_cast<void>(group_->Kill());
  while (OthersRun()) co_await changed_.Wait(kLookAgain);
}

bool Container::OthersRun() const {
  for (const auto& [exec_id, process] : processes_) {
    const bool runs = process->process && process->state != ProcessState::kStopped;
    if (!exec_id.empty() && runs) return true;
  }
  return false;
}

Task<std::shared_ptr<ContainerProcess>> Container::Delete(std::string exec_id) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  auto found = Find(exec_id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const Process process = *found;
  if (process->state == ProcessState::kRunning) {
    co_return Fail(Errc::kFailedPrecondition, "delete " + id_ + " " + exec_id + ": it is running");
  }
  if (exec_id.empty()) {
    auto removed = co_await Remove();
    if (!removed) co_return std::unexpected(std::move(removed).error());
    while (process->state != ProcessState::kStopped) co_await changed_.Wait(kLookAgain);
  }
  if (process->console) process->console->Close();
  processes_.erase(exec_id);
  event_api::TaskDelete event;
  event.set_container_id(id_);
  event.set_pid(process->pid());
  event.set_exit_status(process->exit_status);
  SetTime(*event.mutable_exited_at(), process->exited_at);
  event.set_id(exec_id);
  Publish("/tasks/delete", "TaskDelete", event);
  co_return process;
}

// What the runtime and the kernel have of it.
Task<void> Container::Remove() {
  auto removed =
      co_await RunRuntime(shared_.runtime.DeleteCommand(bundle_, id_), bundle_ + "/runtime.log");
  std::move_only_function<Result<void>()> unmount = [root = bundle_ + "/rootfs"]() -> Result<void> {
    UnmountRoot(root);
    return {};
  };
  static_cast<void>(co_await shared_.worker->Run(std::move(unmount)));
  host::ReapOrphans();
  co_return removed;
}

Result<void> Container::Kill(const std::string& exec_id, int signal, bool all) {
  auto found = Find(exec_id);
  if (!found) return std::unexpected(std::move(found).error());
  ContainerProcess& process = **found;
  if (process.state == ProcessState::kStopped || !process.process) {
    return Fail(Errc::kNotFound, "process already finished");
  }
  // What is frozen cannot die.
  if (paused_ && signal == SIGKILL && group_) {
    static_cast<void>(group_->Thaw());
    paused_ = false;
  }
  if (!all || !group_) return process.process->Kill(signal);
  if (signal == SIGKILL) return group_->Kill();
  const auto members = group_->Members();
  if (!members) return std::unexpected(members.error());
  for (const pid_t pid : *members) {
    const auto id = host::IdentifyProcess(pid);
    if (!id) continue;
    if (auto member = host::Process::Adopt(*id)) static_cast<void>(member->Kill(signal));
  }
  return {};
}

Result<void> Container::Resize(const std::string& exec_id, host::TerminalSize size) {
  auto found = Find(exec_id);
  if (!found) return std::unexpected(std::move(found).error());
  return (*found)->console ? (*found)->console->Resize(size) : Result<void>();
}

Result<void> Container::CloseInput(const std::string& exec_id) {
  auto found = Find(exec_id);
  if (!found) return std::unexpected(std::move(found).error());
  if ((*found)->input) (*found)->input->Close();
  return {};
}

Task<void> Container::SetPaused(bool paused) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  auto first = Find("");
  if (!first) co_return std::unexpected(std::move(first).error());
  auto found = group();
  if (!found) co_return std::unexpected(std::move(found).error());
  if ((*first)->state != ProcessState::kRunning || paused_ == paused) {
    co_return Fail(Errc::kFailedPrecondition,
                   id_ + (paused ? " is not running" : " is not paused"));
  }
  // Freezing may take a second.
  std::move_only_function<Result<void>()> change = [group = *found, paused] {
    return paused ? group->Freeze() : group->Thaw();
  };
  auto done = co_await shared_.worker->Run(std::move(change));
  if (!done) co_return done;
  paused_ = paused;
  if (paused) {
    event_api::TaskPaused event;
    event.set_container_id(id_);
    Publish("/tasks/paused", "TaskPaused", event);
  } else {
    event_api::TaskResumed event;
    event.set_container_id(id_);
    Publish("/tasks/resumed", "TaskResumed", event);
  }
  co_return Result<void>();
}

Task<void> Container::Update(std::string resources) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  if (auto first = Find(""); !first) co_return std::unexpected(std::move(first).error());
  const std::string file = bundle_ + "/resources.json";
  if (auto written = WriteFileAtomic(file, resources); !written) co_return written;
  co_return co_await RunRuntime(shared_.runtime.UpdateCommand(bundle_, id_, file),
                                bundle_ + "/runtime.log");
}

Task<std::shared_ptr<ContainerProcess>> Container::Wait(std::string exec_id,
                                                        std::shared_ptr<const bool> abandoned) {
  auto found = Find(exec_id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const auto self = shared_from_this();
  while ((*found)->state != ProcessState::kStopped && !*abandoned)
    co_await changed_.Wait(kLookAgain);
  if (*abandoned) co_return Fail(Errc::kUnavailable, "nobody waits any more");
  co_return *found;
}

Result<std::shared_ptr<ContainerProcess>> Container::Find(const std::string& exec_id) const {
  const auto at = processes_.find(exec_id);
  if (at != processes_.end()) return at->second;
  return Fail(Errc::kNotFound, "no process '" + exec_id + "' in " + id_);
}

Result<host::Cgroup*> Container::group() const {
  if (group_) return group_.get();
  return Fail(Errc::kUnsupported, id_ + " has no control group of its own");
}

void Container::Publish(const char* topic, const char* type,
                        const google::protobuf::MessageLite& event) {
  shared_.events.Publish(name_space_, topic, type, event);
}

}  // namespace strata::kube::shim
