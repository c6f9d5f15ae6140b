#include "kube/shim/task_service.h"

#include <unistd.h>

#include <cstdint>

#include "kube/shim/call_message.h"
#include "kube/shim/stats.h"

namespace strata::kube::shim {
namespace {

using ttrpc::Call;
using ttrpc::Reply;

constexpr std::string_view kServices[] = {"containerd.task.v3.Task", "containerd.task.v2.Task"};
constexpr int kLastSignal = 64;

// Of a method that says nothing but that it is done.
Reply Done(Result<void> result) {
  if (!result) return std::unexpected(std::move(result).error());
  return std::string();
}

task_api::StateResponse StateOf(const Container& task, const ContainerProcess& process) {
  task_api::StateResponse state;
  state.set_bundle(task.bundle());
  state.set_pid(process.pid());
  using containerd::v1::types::Status;
  const bool first = process.exec_id.empty();
  switch (process.state) {
    case ProcessState::kCreated:
      state.set_status(Status::CREATED);
      break;
    case ProcessState::kRunning:
      state.set_status(first && task.paused() ? Status::PAUSED : Status::RUNNING);
      break;
    case ProcessState::kStopped:
      state.set_status(Status::STOPPED);
      state.set_exit_status(process.exit_status);
      SetTime(*state.mutable_exited_at(), process.exited_at);
      break;
  }
  state.set_stdin(process.names.in);
  state.set_stdout(process.names.out);
  state.set_stderr(process.names.err);
  state.set_terminal(process.names.terminal);
  state.set_exec_id(process.exec_id);
  return state;
}

}  // namespace

bool TaskService::Has(std::string_view service) noexcept {
  return service == kServices[0] || service == kServices[1];
}

Awaitable<Reply> TaskService::Handle(Call call) {
  static constexpr Methods<TaskService, 17> kMethods = {{
      {"Create", &TaskService::Create},
      {"Start", &TaskService::Start},
      {"State", &TaskService::State},
      {"Wait", &TaskService::Wait},
      {"Kill", &TaskService::Kill},
      {"Delete", &TaskService::Delete},
      {"Exec", &TaskService::Exec},
      {"Connect", &TaskService::Connect},
      {"Shutdown", &TaskService::Shutdown},
      {"Pids", &TaskService::Pids},
      {"CloseIO", &TaskService::CloseIo},
      {"ResizePty", &TaskService::ResizePty},
      {"Stats", &TaskService::Stats},
      {"Update", &TaskService::Update},
      {"Pause", &TaskService::Pause},
      {"Resume", &TaskService::Resume},
      {"Checkpoint", &TaskService::Checkpoint},
  }};
  return Dispatch(*this, kMethods, "tasks", std::move(call));
}

Result<std::shared_ptr<Container>> TaskService::Task(const Call& call,
                                                     const std::string& id) const {
  const auto at = tasks_.find({call.request.containerd_namespace, id});
  if (at != tasks_.end()) return at->second;
  return Fail(Errc::kNotFound, "no task '" + id + "' in " + call.request.containerd_namespace);
}

std::vector<std::shared_ptr<Container>> TaskService::OfPod(const std::string& name_space,
                                                           const std::string& pod) const {
  std::vector<std::shared_ptr<Container>> found;
  for (const auto& [key, task] : tasks_) {
    if (key.first == name_space && task->pod() == pod) found.push_back(task);
  }
  return found;
}

Awaitable<Reply> TaskService::Create(Call call) {
  const auto request = ParseMessage<task_api::CreateTaskRequest>(call);
  if (!request) co_return Failed(request.error());
  const Key key(call.request.containerd_namespace, request->id());
  if (request->id().empty() || tasks_.contains(key)) {
    co_return Fail(Errc::kFailedPrecondition,
                   "create: task '" + request->id() + "' is there already");
  }
  const auto task =
      std::make_shared<Container>(shared_, key.first, request->id(), request->bundle());
  tasks_[key] = task;  // from now on nobody else makes it
  auto created = co_await task->Create(*request);
  if (!created) {
    tasks_.erase(key);
    co_return Failed(std::move(created).error());
  }
  task_api::CreateTaskResponse response;
  response.set_pid((*task->Find(""))->pid());
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::Start(Call call) {
  const auto request = ParseMessage<task_api::StartRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  auto pid = co_await (*task)->Start(request->exec_id());
  if (!pid) co_return Failed(std::move(pid).error());
  task_api::StartResponse response;
  response.set_pid(*pid);
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::State(Call call) {
  const auto request = ParseMessage<task_api::StateRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const auto process = (*task)->Find(request->exec_id());
  if (!process) co_return Failed(process.error());
  auto state = StateOf(**task, **process);
  state.set_id(request->id());
  co_return state.SerializeAsString();
}

Awaitable<Reply> TaskService::Wait(Call call) {
  const auto request = ParseMessage<task_api::WaitRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const auto process = co_await (*task)->Wait(request->exec_id(), call.abandoned);
  if (!process) co_return Failed(process.error());
  task_api::WaitResponse response;
  response.set_exit_status((*process)->exit_status);
  SetTime(*response.mutable_exited_at(), (*process)->exited_at);
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::Kill(Call call) {
  const auto request = ParseMessage<task_api::KillRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const auto signal = static_cast<int>(request->signal());
  if (signal < 0 || signal > kLastSignal) {
    co_return Fail(Errc::kInvalidArgument, "kill: no signal " + std::to_string(signal));
  }
  const auto sent = co_await (*task)->Kill(request->exec_id(), signal, request->all());
  co_return Done(sent);
}

Awaitable<Reply> TaskService::Delete(Call call) {
  const auto request = ParseMessage<task_api::DeleteRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const auto process = co_await (*task)->Delete(request->exec_id());
  if (!process) co_return Failed(process.error());
  if (request->exec_id().empty()) tasks_.erase({call.request.containerd_namespace, request->id()});
  task_api::DeleteResponse response;
  response.set_pid((*process)->pid());
  response.set_exit_status((*process)->exit_status);
  SetTime(*response.mutable_exited_at(), (*process)->exited_at);
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::Exec(Call call) {
  const auto request = ParseMessage<task_api::ExecProcessRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  co_return Done(co_await (*task)->Exec(*request));
}

// Also of a sandbox, and of a task that is only about to be made: who asks wants to know whether
// anybody is here.
Awaitable<Reply> TaskService::Connect(Call call) {
  const auto request = ParseMessage<task_api::ConnectRequest>(call);
  if (!request) co_return Failed(request.error());
  task_api::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  response.set_version("v3");
  if (const auto task = Task(call, request->id())) {
    if (const auto first = (*task)->Find("")) response.set_task_pid((*first)->pid());
  }
  co_return response.SerializeAsString();
}

// Of one task, which is gone already: the process serves the others.
Awaitable<Reply> TaskService::Shutdown(Call call) {
  const auto request = ParseMessage<task_api::ShutdownRequest>(call);
  if (!request) co_return Failed(request.error());
  co_return std::string();
}

Awaitable<Reply> TaskService::Pids(Call call) {
  const auto request = ParseMessage<task_api::PidsRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  task_api::PidsResponse response;
  if (const host::Cgroup* const group = (*task)->group()) {
    const auto members = group->Members();
    if (!members && members.error().code != Errc::kNotFound) co_return Failed(members.error());
    if (members) {
      for (const pid_t pid : *members) {
        response.add_processes()->set_pid(static_cast<std::uint32_t>(pid));
      }
    }
  } else if (const auto first = (*task)->Find("")) {
    response.add_processes()->set_pid((*first)->pid());
  }
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::CloseIo(Call call) {
  const auto request = ParseMessage<task_api::CloseIORequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  if (!request->stdin()) co_return std::string();
  co_return Done((*task)->CloseInput(request->exec_id()));
}

Awaitable<Reply> TaskService::ResizePty(Call call) {
  const auto request = ParseMessage<task_api::ResizePtyRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const host::TerminalSize size{.rows = static_cast<std::uint16_t>(request->height()),
                                .columns = static_cast<std::uint16_t>(request->width())};
  co_return Done((*task)->Resize(request->exec_id(), size));
}

Awaitable<Reply> TaskService::Stats(Call call) {
  const auto request = ParseMessage<task_api::StatsRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  const auto group = (*task)->NeedGroup();
  if (!group) co_return Failed(group.error());
  const auto stats = ReadStats(**group);
  if (!stats) co_return Failed(stats.error());
  task_api::StatsResponse response;
  PackStats(*response.mutable_stats(), *stats, shared_.groups.version());
  co_return response.SerializeAsString();
}

Awaitable<Reply> TaskService::Update(Call call) {
  const auto request = ParseMessage<task_api::UpdateTaskRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  co_return Done(co_await (*task)->Update(request->resources().value()));
}

Awaitable<Reply> TaskService::Pause(Call call) {
  const auto request = ParseMessage<task_api::PauseRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  co_return Done(co_await (*task)->SetPaused(true));
}

Awaitable<Reply> TaskService::Resume(Call call) {
  const auto request = ParseMessage<task_api::ResumeRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto task = Task(call, request->id());
  if (!task) co_return Failed(task.error());
  co_return Done(co_await (*task)->SetPaused(false));
}

Awaitable<Reply> TaskService::Checkpoint(Call /*call*/) {
  co_return Fail(Errc::kUnsupported, "checkpoint: this runtime makes none");
}

}  // namespace strata::kube::shim
