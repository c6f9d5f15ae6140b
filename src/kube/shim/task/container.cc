#include "kube/shim/task/container.h"

#include <signal.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "base/async/pause.h"
#include "base/files/files.h"
#include "base/sha256.h"
#include "host/process/orphans.h"
#include "kube/shim/config_json.h"
#include "kube/shim/microvm/backend.h"
#include "kube/shim/microvm/config.h"
#include "kube/shim/pod/config.h"
#include "kube/shim/task/appkernel.h"
#include "kube/shim/task/class_choice.h"
#include "kube/shim/task/oci_backend.h"
#include "kube/shim/task/own_group.h"
#include "kube/shim/task/root_mounts.h"
#include "kube/shim/wasm/backend.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookAgain{30};  // should a change not have been told
constexpr std::chrono::seconds kWatchAgain{1};
constexpr std::uint32_t kSignalBase = 128;
constexpr std::uint32_t kUnknownStatus = 255;
constexpr Bytes kConfigFile = 4_MiB;
constexpr std::size_t kShortId = 32;
// With the first. Each is waited for by a call, of which a connection may have four times as many:
// the one that ends them all is always taken.
constexpr std::size_t kMostProcesses = 257;

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

// As containerd names the namespace of a process whose process ids another container is to share.
std::string NamespaceOf(pid_t pid) { return "/proc/" + std::to_string(pid) + "/ns/pid"; }

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
  auto config = ReadConfig();
  if (!config) co_return std::unexpected(std::move(config).error());
  const auto options = ReadOptions(request.options());
  if (!options) co_return std::unexpected(options.error());
  if (auto chosen = co_await ChooseBackend(*options, *config); !chosen) co_return chosen;
  auto first = std::make_shared<ContainerProcess>();
  first->names = {.in = request.stdin(),
                  .out = request.stdout(),
                  .err = request.stderr(),
                  .terminal = request.terminal()};
  std::move_only_function<Result<void>()> mount =
      [mounts = MountsOf(request), root = bundle_ + "/rootfs"] { return MountRoot(mounts, root); };
  auto done = co_await shared_.worker->Run(std::move(mount));
  if (!done) co_return done;
  done = co_await Make(first);
  // What it shares with its pod is gone when that ended meanwhile.
  if (done) done = CheckPod();
  if (!done) {
    static_cast<void>(co_await Remove());
    co_return done;
  }
  processes_[""] = first;
  if (placement_->sandbox_class != model::Class::kContainer) {
    no_process_ids_ = NamespaceOf(first->pid());
    shared_.no_process_ids.insert(no_process_ids_);
  }
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
Result<Json> Container::ReadConfig() {
  const fs::path file = fs::path(bundle_) / "config.json";
  const auto text = ReadFile(file, kConfigFile);
  if (!text) return std::unexpected(text.error());
  auto config = ParseJson(*text, kConfigFile);
  if (!config) return Wrap(std::move(config).error(), file.string());
  pod_ = PodOf(*config);
  const auto at = shared_.pods.find({name_space_, pod_});
  if (at == shared_.pods.end()) return config;
  in_our_pod_ = true;
  if (auto ready = CheckPod(); !ready) return std::unexpected(std::move(ready).error());
  const Pod& pod = *at->second;
  auto joined = JoinPod(std::move(*config), pod.settings, pod.place);
  if (!joined) return joined;
  if (auto written = WriteFileAtomic(file, DumpJson(*joined)); !written) {
    return std::unexpected(std::move(written).error());
  }
  return joined;
}

Result<void> Container::CheckPod() const {
  if (!in_our_pod_) return {};
  const auto at = shared_.pods.find({name_space_, pod_});
  if (at != shared_.pods.end() && at->second->state == PodState::kReady) return {};
  return Fail(Errc::kFailedPrecondition, "create " + id_ + ": its pod is not ready");
}

// Which classes there are on this node, and which of them can have this container, is seen when the
// rules have chosen one: what cannot leaves the choice.
Task<void> Container::ChooseBackend(const RuntimeOptions& options, const Json& config) {
  auto choice = ClassChoice::Read(options, config);
  if (!choice) co_return Wrap(std::move(choice).error(), "create " + id_);
  while (true) {
    auto placement = choice->Choose();
    if (!placement) co_return Wrap(std::move(placement).error(), "create " + id_);
    Json copy = config;
    auto backend = co_await MakeBackend(placement->sandbox_class, std::move(copy));
    if (backend) {
      backend_ = std::move(*backend);
      placement_ = std::move(*placement);
      co_return Result<void>();
    }
    // One that does not come up in time is none that this node can run now.
    const Errc code = backend.error().code;
    const bool cannot = code == Errc::kUnsupported || code == Errc::kDeadlineExceeded;
    if (choice->named() || !cannot) {
      co_return std::unexpected(std::move(backend).error());
    }
    choice->Exclude(placement->sandbox_class, backend.error().message);
  }
}

// Nothing is left of one that fails.
Task<std::unique_ptr<Backend>> Container::MakeBackend(model::Class sandbox_class, Json config) {
  if (sandbox_class == model::Class::kAppkernel)
    co_return co_await MakeAppkernel(std::move(config));
  if (sandbox_class == model::Class::kMicrovm) co_return co_await MakeMicrovm(std::move(config));
  Result<std::unique_ptr<Backend>> backend;
  if (sandbox_class == model::Class::kContainer) {
    backend = MakeContainer(config);
  } else {
    backend = std::make_unique<WasmBackend>(shared_, name_space_, id_, bundle_, std::move(config));
  }
  co_return backend;
}

Result<std::unique_ptr<Backend>> Container::MakeContainer(const Json& config) {
  const auto runtime = shared_.runc.Find();
  if (!runtime) return std::unexpected(runtime.error());
  const Json* const linux = MemberOf(config, "linux");
  if (auto good = CheckProcessIds(linux); !good) return std::unexpected(std::move(good).error());
  const std::string group = linux == nullptr ? std::string() : TextOf(*linux, "cgroupsPath");
  auto noted = NoteRuntimesGroup(shared_.groups, bundle_, group);
  if (!noted) return std::unexpected(std::move(noted).error());
  return std::make_unique<OciBackend>(shared_, **runtime, id_, bundle_);
}

// Programs of the other classes have no process ids of their own: what joins those of one would see
// the node's, and with the rights of a container reach every process there.
Result<void> Container::CheckProcessIds(const Json* linux) const {
  const Json* const namespaces = linux == nullptr ? nullptr : MemberOf(*linux, "namespaces");
  if (namespaces == nullptr || !namespaces->is_array()) return {};
  for (const Json& each : *namespaces) {
    if (TextOf(each, "type") != "pid" || !shared_.no_process_ids.contains(TextOf(each, "path"))) {
      continue;
    }
    return Fail(Errc::kFailedPrecondition,
                "create " + id_ + ": the container whose process ids it is to share has none of " +
                    "its own: only one of class container has");
  }
  return {};
}

Task<std::unique_ptr<Backend>> Container::MakeAppkernel(Json config) {
  if (auto can = CheckCapabilities(config); !can) co_return Wrap(can.error(), "create " + id_);
  const Json* linux = MemberOf(config, "linux");
  const Json nothing;
  auto plan = ReadGroupPlan(linux == nullptr ? nothing : *linux);
  if (!plan) co_return Wrap(std::move(plan).error(), "class appkernel");
  const auto found = co_await shared_.appkernel.Find();
  if (!found) co_return std::unexpected(found.error());
  const AppkernelRuntime& appkernel = **found;
  plan->least_memory = appkernel.least_memory;
  auto enough = CheckMemory(plan->limits, plan->least_memory);
  if (enough) enough = shared_.groups.CanEnforce(plan->limits);
  if (!enough) co_return Wrap(std::move(enough).error(), "create " + id_ + ": class appkernel");
  const auto at = shared_.pods.find({name_space_, pod_});
  const std::string hostname = at == shared_.pods.end() ? "" : at->second->settings.hostname;
  const Json written = ForAppkernel(std::move(config), hostname);
  auto done = WriteFileAtomic(fs::path(bundle_) / "config.json", DumpJson(written));
  if (!done) co_return std::unexpected(std::move(done).error());
  // runsc listens by the id's name, whatever containerd's namespace is.
  std::unique_ptr<Backend> backend = std::make_unique<OciBackend>(
      shared_, appkernel.runtime, Sha256Hex(bundle_).substr(0, kShortId), bundle_, *plan);
  co_return backend;
}

Task<std::unique_ptr<Backend>> Container::MakeMicrovm(Json config) {
  const auto at = shared_.pods.find({name_space_, pod_});
  std::string tenant = TenantOf(config, name_space_);
  auto plan = ReadMicrovmConfig(std::move(config),
                                at == shared_.pods.end() ? PodSettings{} : at->second->settings);
  if (!plan) co_return Wrap(std::move(plan).error(), "create " + id_);
  if (auto can = shared_.groups.CanEnforce(plan->group.limits); !can) {
    co_return Wrap(std::move(can).error(), "create " + id_ + ": class microvm");
  }
  auto machines = co_await shared_.microvm.Find();
  if (!machines) co_return std::unexpected(std::move(machines).error());
  std::unique_ptr<Backend> backend = std::make_unique<MicrovmBackend>(
      shared_, std::move(*machines), std::move(tenant), bundle_, std::move(*plan));
  co_return backend;
}

// The first process, or one beside it.
Task<void> Container::Make(Process process) {
  auto stdio = Stdio::Open(process->names);
  if (!stdio) co_return std::unexpected(std::move(stdio).error());
  process->stdio = std::move(*stdio);
  Result<void> made;
  if (process->exec_id.empty()) {
    made = co_await backend_->Make(*process);
  } else {
    made = co_await backend_->Exec(*process);
  }
  if (!made) co_return made;
  process->stdio.LetGo();
  process->input = Input::Start(shared_.loop, process->stdio);
  co_return Result<void>();
}

Task<std::uint32_t> Container::Start(std::string exec_id) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  auto found = Find(exec_id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const Process process = *found;
  const bool made = process->state == ProcessState::kCreated;
  if (!made || (!exec_id.empty() && process->made())) {
    co_return Fail(Errc::kFailedPrecondition,
                   "start " + id_ + " " + exec_id + ": not just created");
  }
  if (auto runs = NotPaused("start"); !runs) co_return std::unexpected(std::move(runs).error());
  process->starting = true;
  Result<void> started;
  if (exec_id.empty()) {
    started = co_await backend_->Start();
  } else {
    started = co_await Make(process);
    if (started) Spawn(shared_.loop, Watch(shared_from_this(), process));
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
  if (!started && !exec_id.empty()) NeverRuns(*process);
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
  if (processes_.size() >= kMostProcesses) {
    co_return Fail(Errc::kResourceExhausted, "exec " + id_ + ": it has " +
                                                 std::to_string(kMostProcesses - 1) +
                                                 " of them already; end some first");
  }
  if ((*first)->state != ProcessState::kRunning) {
    co_return Fail(Errc::kFailedPrecondition, "exec " + id_ + ": the container is not running");
  }
  if (auto runs = NotPaused("exec"); !runs) co_return runs;
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

// Whoever waits for it hears so.
void Container::NeverRuns(ContainerProcess& process) const {
  process.state = ProcessState::kStopped;
  process.exit_status = kUnknownStatus;
  process.exited_at = shared_.clock.WallNow();
}

Awaitable<void> Container::Watch(std::shared_ptr<Container> /*self*/, Process process) {
  auto ended = co_await backend_->Ended(*process);
  // Without a descriptor to watch it by it runs all the same.
  while (!ended && ended.error().code == Errc::kResourceExhausted) {
    co_await Pause(shared_.loop, kWatchAgain);
    ended = co_await backend_->Ended(*process);
  }
  process->exit_status = StatusOf(ended);
  process->exited_at = shared_.clock.WallNow();
  while (process->starting) co_await changed_.Wait(kLookAgain);
  if (process->exec_id.empty()) {
    TellOomKills();
    co_await EndOthers();
  }
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

// Also where the kernel killed another process than the first: containerd takes it for the reason
// of the container's end all the same. It counts kills by itself, in Stats, only where SIGKILL
// ended the first process, and not in each version.
void Container::TellOomKills() {
  const host::Cgroup* const its = group();
  if (its == nullptr) return;
  const auto usage = its->Usage();
  if (!usage || usage->oom_kills == 0) return;
  event_api::TaskOOM event;
  event.set_container_id(id_);
  Publish("/tasks/oom", "TaskOOM", event);
}

// With the first process the container has ended, also for those that share others' processes;
// their ends are told before its own.
Awaitable<void> Container::EndOthers() {
  if (host::Cgroup* const all = group()) static_cast<void>(all->Kill());
  while (OthersRun()) co_await changed_.Wait(kLookAgain);
}

bool Container::OthersRun() const {
  for (const auto& [exec_id, process] : processes_) {
    const bool runs = process->made() && process->state != ProcessState::kStopped;
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
    shared_.no_process_ids.erase(no_process_ids_);
  } else if (process->state == ProcessState::kCreated) {
    NeverRuns(*process);
    changed_.Notify();
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

// What the backend and the kernel have of it.
Task<void> Container::Remove() {
  auto removed = co_await backend_->Remove();
  std::move_only_function<Result<void>()> unmount = [root = bundle_ + "/rootfs"]() -> Result<void> {
    UnmountRoot(root);
    return {};
  };
  static_cast<void>(co_await shared_.worker->Run(std::move(unmount)));
  host::ReapOrphans();
  co_return removed;
}

Task<void> Container::Kill(std::string exec_id, int signal, bool all) {
  auto found = Find(exec_id);
  if (!found) co_return std::unexpected(std::move(found).error());
  const Process process = *found;
  if (process->state == ProcessState::kStopped || !process->made()) {
    co_return Fail(Errc::kNotFound, "process already finished");
  }
  if (!exec_id.empty()) all = false;  // all of the container is its first process's
  host::Cgroup* const members_of = group();
  // What is frozen cannot die.
  if (paused_ && signal == SIGKILL && members_of != nullptr) {
    static_cast<void>(members_of->Thaw());
    paused_ = false;
  }
  if (!all || members_of == nullptr) co_return co_await backend_->Kill(*process, signal);
  if (signal == SIGKILL) {
    auto killed = members_of->Kill();
    co_return killed;
  }
  if (!backend_->members_are_programs()) co_return co_await backend_->Kill(*process, signal);
  const auto members = members_of->Members();
  if (!members) co_return std::unexpected(members.error());
  for (const pid_t pid : *members) {
    const auto id = host::IdentifyProcess(pid);
    if (!id) continue;
    if (auto member = host::Process::Adopt(*id)) static_cast<void>(member->Kill(signal));
  }
  co_return Result<void>();
}

Result<void> Container::Resize(const std::string& exec_id, host::TerminalSize size) {
  auto found = Find(exec_id);
  if (!found) return std::unexpected(std::move(found).error());
  return backend_->Resize(**found, size);
}

Result<void> Container::CloseInput(const std::string& exec_id) {
  auto found = Find(exec_id);
  if (!found) return std::unexpected(std::move(found).error());
  if ((*found)->input) (*found)->input->Finish();
  return {};
}

Result<void> Container::NotPaused(const char* verb) const {
  if (!paused_) return {};
  return Fail(Errc::kFailedPrecondition,
              std::string(verb) + " " + id_ + ": the container is paused; resume it first");
}

Task<void> Container::SetPaused(bool paused) {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  auto first = Find("");
  if (!first) co_return std::unexpected(std::move(first).error());
  auto found = NeedGroup();
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
  co_return co_await backend_->Update(std::move(resources));
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

host::Cgroup* Container::group() const noexcept { return backend_ ? backend_->group() : nullptr; }

Result<host::Cgroup*> Container::NeedGroup() const {
  if (host::Cgroup* const its = group()) return its;
  return Fail(Errc::kUnsupported, id_ + " has no control group of its own");
}

void Container::Publish(const char* topic, const char* type,
                        const google::protobuf::MessageLite& event) {
  shared_.events.Publish(name_space_, topic, type, event);
}

}  // namespace strata::kube::shim
