// What is done to the running sandboxes of a service.
#include <chrono>
#include <utility>

#include "manager/manager_impl.h"
#include "sandbox/abilities.h"
#include "sandbox/remote/service.h"
#include "sandbox/spec_check.h"

namespace strata::manager {
namespace {

constexpr std::uint32_t kMostForks = 64;  // at once

Result<void> Without(Result<keeper::Done> done) {
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

// One that is between two lives has no sandbox; one that is over has no next start either.
Json StateToJson(const keeper::ReplicaState& state) {
  Json json{{"ready", state.ready}, {"restarts", state.restarts}};
  if (!state.last_exit.empty()) json["last_exit"] = state.last_exit;
  if (state.starts_in_ms > 0) json["starts_in_ms"] = state.starts_in_ms;
  if (state.sandbox.empty()) return json;
  json["sandbox"] = state.sandbox;
  if (state.paused) json["paused"] = true;
  json["cpu_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(state.cpu).count();
  json["memory_mib"] = static_cast<double>(state.memory.count) / 1048576.0;
  return json;
}

}  // namespace

// What `name` runs as now; null: it does not run in a keeper.
const std::string* ManagerImpl::ServedAs(const std::string& tenant, const std::string& name) const {
  const auto those = current_.find(tenant);
  if (those == current_.end()) return nullptr;
  const auto found = those->second.find(name);
  if (found == those->second.end()) return nullptr;
  const std::string& key = found->second.module;
  return key.starts_with(sandbox::remote::kServiceKey) && keepers_.Of(key) ? &key : nullptr;
}

// The keeper and the key of what `name` runs as now.
Result<std::pair<std::shared_ptr<KeeperProcess>, std::string>> ManagerImpl::RunningServer(
    const std::string& tenant, const std::string& name) {
  if (auto known = RequireFunction(tenant, name); !known) return std::unexpected(known.error());
  if (const std::string* key = ServedAs(tenant, name)) return std::pair(keepers_.Of(*key), *key);
  const auto now = forms_.Now(tenant, name);
  if (!now) return std::unexpected(now.error());
  if (*now && ClassOf(**now) == model::Class::kWasm) {
    return Fail(Errc::kUnsupported, tenant + "/" + name +
                                        " runs in class wasm: its sandboxes are no processes; "
                                        "deploy an image to have exec, cp and pause");
  }
  if (*now && (*now)->kind == model::Kind::kFunction &&
      (*now)->workload.guest != model::GuestKind::kHttp) {
    return Fail(Errc::kUnsupported, tenant + "/" + name +
                                        " runs only while it is called; deploy it as a Service, "
                                        "or with guest: http");
  }
  return Fail(Errc::kUnavailable, tenant + "/" + name + " is not running now");
}

// Says no before anything is made. A class that can, or nothing that runs, is the keeper's answer.
Result<void> ManagerImpl::CheckVerb(const ServiceName& of, std::string_view verb) {
  const auto now = forms_.Now(of.tenant, of.name);
  if (!now || !*now) return {};
  const model::Class sandbox_class = ClassOf(**now);
  const std::string_view why = sandbox::WhyNot(sandbox_class, verb);
  if (why.empty()) return {};
  return Fail(Errc::kUnsupported, of.tenant + "/" + of.name + " runs in class " +
                                      std::string(model::ClassName(sandbox_class)) +
                                      ", which has no " + std::string(verb) + ": " +
                                      std::string(why));
}

// What the service asks for itself when its sandboxes make place for others.
std::chrono::milliseconds ManagerImpl::TimeToReplace(const ServiceName& of) const {
  const auto stored = store_->Get({of.tenant, model::Kind::kService, of.name});
  const auto* service = stored ? std::get_if<model::ServiceSpec>(&stored->resource.spec) : nullptr;
  if (service == nullptr) return {};
  return service->stop_timeout + keeper::TimeToReady(service->health.value_or(model::Health{}));
}

template <typename What>
Task<keeper::Done> ManagerImpl::OnServer(ServiceName of, What what,
                                         std::chrono::milliseconds more) {
  auto server = RunningServer(of.tenant, of.name);
  if (!server) co_return std::unexpected(std::move(server).error());
  what.key = server->second;
  co_return co_await server->first->Do(std::move(what), more);
}

Result<std::shared_ptr<sandbox::Execution>> ManagerImpl::Exec(ExecRequest request) {
  if (request.command.empty()) return Fail(Errc::kInvalidArgument, "no program is named");
  auto server = RunningServer(request.tenant, request.name);
  if (!server) return std::unexpected(std::move(server).error());
  keeper::Exec what{.id = 0,
                    .key = server->second,
                    .sandbox = std::move(request.sandbox),
                    .command = std::move(request.command),
                    .env = std::move(request.env)};
  std::vector<Fd> streams;
  streams.push_back(std::move(request.in));
  if (request.terminal) {
    what.rows = request.terminal->rows;
    what.columns = request.terminal->columns;
  } else {
    streams.push_back(std::move(request.out));
    streams.push_back(std::move(request.err));
  }
  return server->first->MakeProgram(std::move(what), std::move(streams));
}

Task<void> ManagerImpl::SetPaused(ServiceName of, bool paused) {
  keeper::SetPaused what{.paused = paused};
  co_return Without(co_await OnServer(std::move(of), std::move(what)));
}

Task<void> ManagerImpl::SaveSnapshot(ServiceName of, std::string sandbox, std::string snapshot) {
  if (auto good = sandbox::CheckId(snapshot); !good) co_return good;
  if (auto can = CheckVerb(of, "snapshot"); !can) co_return can;
  keeper::Snapshot what{.sandbox = std::move(sandbox), .name = std::move(snapshot)};
  co_return Without(co_await OnServer(std::move(of), std::move(what)));
}

Task<void> ManagerImpl::DropSnapshot(ServiceName of, std::string snapshot) {
  keeper::DropSnapshot what{.name = std::move(snapshot)};
  co_return Without(co_await OnServer(std::move(of), std::move(what)));
}

Task<Json> ManagerImpl::RestoreSnapshot(ServiceName of, std::string snapshot) {
  if (auto can = CheckVerb(of, "restore"); !can) co_return std::unexpected(can.error());
  keeper::Restore what{.name = std::move(snapshot)};
  const auto more = TimeToReplace(of);
  auto done = co_await OnServer(std::move(of), std::move(what), more);
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Json{{"sandboxes", done->names}};
}

Task<Json> ManagerImpl::Fork(ServiceName of, std::string sandbox, std::uint32_t count) {
  if (count < 1 || count > kMostForks) {
    co_return Fail(Errc::kInvalidArgument, "'count' is from 1 to " + std::to_string(kMostForks));
  }
  if (auto can = CheckVerb(of, "fork"); !can) co_return std::unexpected(can.error());
  keeper::Fork what{.sandbox = std::move(sandbox), .count = count};
  auto done = co_await OnServer(std::move(of), std::move(what));
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Json{{"sandboxes", done->names}};
}

Task<void> ManagerImpl::EndFork(ServiceName of, std::string sandbox) {
  keeper::EndFork what{.sandbox = std::move(sandbox)};
  co_return Without(co_await OnServer(std::move(of), std::move(what)));
}

Task<Json> ManagerImpl::ServiceSandboxes(ServiceName of) {
  keeper::GetSandboxes what;
  auto done = co_await OnServer(std::move(of), std::move(what));
  if (!done) co_return std::unexpected(std::move(done).error());
  Json states = Json::array();
  for (const keeper::ReplicaState& each : done->replicas) states.push_back(StateToJson(each));
  co_return Json{{"replicas", done->names},
                 {"forks", done->forks},
                 {"snapshots", done->snapshots},
                 {"states", std::move(states)}};
}

}  // namespace strata::manager
