#include "kube/shim/sandbox_service.h"

#include <signal.h>
#include <sys/utsname.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "base/text/json.h"
#include "kube/shim/call_message.h"
#include "kube/shim/pod/place.h"
#include "kube/shim/pod/processes.h"
#include "kube/shim/stats.h"
#include "model/placement.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;
using ttrpc::Call;
using ttrpc::Reply;

constexpr std::string_view kService = "containerd.runtime.sandbox.v1.Sandbox";
constexpr std::chrono::seconds kLookAgain{30};  // should a change not have been told

Result<void> Check(const sandbox_api::CreateSandboxRequest& request, const PodSettings& settings) {
  const fs::path bundle = request.bundle_path();
  std::error_code ignored;
  if (!bundle.is_absolute() || !fs::is_directory(bundle, ignored)) {
    return Fail(Errc::kInvalidArgument, "create sandbox: no bundle " + request.bundle_path());
  }
  if (!settings.host_network && !fs::path(request.netns_path()).is_absolute()) {
    return Fail(Errc::kInvalidArgument,
                "create sandbox: a pod with a network of its own needs one");
  }
  return {};
}

// On the worker.
Result<void> Make(Pod& pod) {
  if (auto made = MakePod(pod.settings, pod.place); !made) return made;
  if (!pod.settings.share_processes) return {};
  auto processes = PodProcesses::Make(pod.place.processes());
  if (!processes) {
    RemovePod(pod.place);
    return std::unexpected(std::move(processes).error());
  }
  pod.processes = std::move(*processes);
  return {};
}

// As Go, and with it containerd, calls the machine's architecture.
std::string Architecture() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  const std::string_view machine = name.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

}  // namespace

bool SandboxService::Has(std::string_view service) noexcept { return service == kService; }

Awaitable<Reply> SandboxService::Handle(Call call) {
  static constexpr Methods<SandboxService, 10> kMethods = {{
      {"CreateSandbox", &SandboxService::Create},
      {"StartSandbox", &SandboxService::Start},
      {"Platform", &SandboxService::Platform},
      {"StopSandbox", &SandboxService::Stop},
      {"WaitSandbox", &SandboxService::Wait},
      {"SandboxStatus", &SandboxService::Status},
      {"PingSandbox", &SandboxService::Ping},
      {"ShutdownSandbox", &SandboxService::Shutdown},
      {"SandboxMetrics", &SandboxService::Metrics},
      {"UpdateSandbox", &SandboxService::Update},
  }};
  return Dispatch(*this, kMethods, "sandboxes", std::move(call));
}

Result<std::shared_ptr<Pod>> SandboxService::Find(const Call& call, const std::string& id) const {
  const auto at = shared_.pods.find({call.request.containerd_namespace, id});
  if (at != shared_.pods.end()) return at->second;
  return Fail(Errc::kNotFound, "no sandbox '" + id + "' in " + call.request.containerd_namespace);
}

Awaitable<Reply> SandboxService::Create(Call call) {
  const auto request = ParseMessage<sandbox_api::CreateSandboxRequest>(call);
  if (!request) co_return Failed(request.error());
  const std::pair key(call.request.containerd_namespace, request->sandbox_id());
  if (request->sandbox_id().empty() || shared_.pods.contains(key)) {
    co_return Fail(Errc::kFailedPrecondition,
                   "create: sandbox '" + request->sandbox_id() + "' is there already");
  }
  const auto settings = ReadPodSettings(request->options());
  if (!settings) co_return Failed(settings.error());
  if (auto good = Check(*request, *settings); !good) co_return Failed(std::move(good).error());
  const auto pod = std::make_shared<Pod>();
  pod->settings = *settings;
  pod->place.bundle = request->bundle_path();
  pod->place.network = request->netns_path();
  pod->created_at = shared_.clock.WallNow();
  shared_.pods[key] = pod;
  co_return std::string();
}

Awaitable<Reply> SandboxService::Start(Call call) {
  const auto request = ParseMessage<sandbox_api::StartSandboxRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  const std::shared_ptr<Pod>& pod = *found;
  if (pod->state != PodState::kCreated) {
    co_return Fail(Errc::kFailedPrecondition,
                   "start: sandbox " + request->sandbox_id() + " was started before");
  }
  pod->state = PodState::kStarting;
  std::move_only_function<Result<void>()> make = [pod] { return Make(*pod); };
  auto made = co_await shared_.worker->Run(std::move(make));
  // Else it was stopped meanwhile.
  if (pod->state == PodState::kStarting) {
    pod->state = made ? PodState::kReady : PodState::kStopped;
  }
  if (!made) co_return Failed(std::move(made).error());
  // Its pid stays 0: no process of ours is the pod's, and none may be taken for it.
  sandbox_api::StartSandboxResponse response;
  SetTime(*response.mutable_created_at(), pod->created_at);
  co_return response.SerializeAsString();
}

Awaitable<Reply> SandboxService::Platform(Call call) {
  const auto request = ParseMessage<sandbox_api::PlatformRequest>(call);
  if (!request) co_return Failed(request.error());
  sandbox_api::PlatformResponse response;
  response.mutable_platform()->set_os("linux");
  response.mutable_platform()->set_architecture(Architecture());
  co_return response.SerializeAsString();
}

Awaitable<void> SandboxService::End(std::string name_space, std::string id,
                                    std::shared_ptr<Pod> pod) {
  // A container that is still being made finds no pod to be in when it is done.
  if (pod->state != PodState::kStopped) pod->state = PodState::kStopping;
  const std::string first;  // process
  const auto abandoned = std::make_shared<const bool>(false);
  for (const auto& task : tasks_.OfPod(name_space, id)) {
    static_cast<void>(co_await task->Kill(first, SIGKILL, true));
    static_cast<void>(co_await task->Wait(first, abandoned));
  }
  std::move_only_function<Result<void>()> remove = [pod]() -> Result<void> {
    pod->processes.reset();
    RemovePod(pod->place);
    return {};
  };
  static_cast<void>(co_await shared_.worker->Run(std::move(remove)));
  if (pod->state == PodState::kStopped) co_return;
  pod->state = PodState::kStopped;
  pod->exited_at = shared_.clock.WallNow();
  changed_.Notify();
}

Awaitable<Reply> SandboxService::Stop(Call call) {
  const auto request = ParseMessage<sandbox_api::StopSandboxRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  co_await End(call.request.containerd_namespace, request->sandbox_id(), *found);
  co_return std::string();
}

Awaitable<Reply> SandboxService::Wait(Call call) {
  const auto request = ParseMessage<sandbox_api::WaitSandboxRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  const std::shared_ptr<Pod>& pod = *found;
  while (pod->state != PodState::kStopped && !*call.abandoned) co_await changed_.Wait(kLookAgain);
  if (*call.abandoned) co_return Fail(Errc::kUnavailable, "nobody waits any more");
  sandbox_api::WaitSandboxResponse response;
  SetTime(*response.mutable_exited_at(), pod->exited_at);
  co_return response.SerializeAsString();
}

Awaitable<Reply> SandboxService::Status(Call call) {
  const auto request = ParseMessage<sandbox_api::SandboxStatusRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  const Pod& pod = **found;
  sandbox_api::SandboxStatusResponse response;
  response.set_sandbox_id(request->sandbox_id());
  response.set_state(pod.state == PodState::kReady ? "SANDBOX_READY" : "SANDBOX_NOTREADY");
  SetTime(*response.mutable_created_at(), pod.created_at);
  if (pod.state == PodState::kStopped) SetTime(*response.mutable_exited_at(), pod.exited_at);
  if (request->verbose()) {
    // What `crictl inspectp` shows.
    Json classes = Json::object();
    for (const auto& task :
         tasks_.OfPod(call.request.containerd_namespace, request->sandbox_id())) {
      if (task->placement()) classes[task->id()] = model::PlacementToJson(*task->placement());
    }
    (*response.mutable_info())["classes"] = DumpJson(classes);
  }
  co_return response.SerializeAsString();
}

Awaitable<Reply> SandboxService::Ping(Call call) {
  const auto request = ParseMessage<sandbox_api::PingRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  co_return std::string();
}

// Of one sandbox; the process serves the others. One that is not there any more is forgotten
// already: containerd has to go on and remove the bundle.
Awaitable<Reply> SandboxService::Shutdown(Call call) {
  const auto request = ParseMessage<sandbox_api::ShutdownSandboxRequest>(call);
  if (!request) co_return Failed(request.error());
  if (const auto found = Find(call, request->sandbox_id())) {
    co_await End(call.request.containerd_namespace, request->sandbox_id(), *found);
    shared_.pods.erase({call.request.containerd_namespace, request->sandbox_id()});
  }
  co_return std::string();
}

// Of all its containers together: there is nothing else in it.
Awaitable<Reply> SandboxService::Metrics(Call call) {
  const auto request = ParseMessage<sandbox_api::SandboxMetricsRequest>(call);
  if (!request) co_return Failed(request.error());
  const auto found = Find(call, request->sandbox_id());
  if (!found) co_return Failed(found.error());
  GroupStats all;
  for (const auto& task : tasks_.OfPod(call.request.containerd_namespace, request->sandbox_id())) {
    const host::Cgroup* const group = task->group();
    if (group == nullptr) continue;
    const auto stats = ReadStats(*group);
    if (stats) AddStats(all, *stats);  // else it has just ended
  }
  sandbox_api::SandboxMetricsResponse response;
  auto* metrics = response.mutable_metrics();
  SetTime(*metrics->mutable_timestamp(), shared_.clock.WallNow());
  metrics->set_id(request->sandbox_id());
  PackStats(*metrics->mutable_data(), all, shared_.groups.version());
  co_return response.SerializeAsString();
}

Awaitable<Reply> SandboxService::Update(Call /*call*/) {
  co_return Fail(Errc::kUnsupported, "update: what a pod shares is fixed when it is made");
}

}  // namespace strata::kube::shim
