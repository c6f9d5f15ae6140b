// What is done to the running sandboxes of a service.
#include <utility>

#include "manager/manager_impl.h"
#include "sandbox/remote/service.h"

namespace strata::manager {

// The keeper and the key of what `name` runs as now.
Result<std::pair<std::shared_ptr<KeeperProcess>, std::string>> ManagerImpl::RunningServer(
    const std::string& tenant, const std::string& name) {
  if (auto known = RequireFunction(tenant, name); !known) return std::unexpected(known.error());
  const std::string start = std::string(sandbox::remote::kServiceKey) + name + ":";
  for (const std::string& key : served_) {
    if (!key.starts_with(start)) continue;
    auto keeper = keepers_.Of(key);
    if (keeper && keeper->tenant() == tenant) return std::pair(std::move(keeper), key);
  }
  auto revisions = store_->Revisions(tenant, name);
  if (!revisions) return std::unexpected(revisions.error());
  if (!revisions->empty() && ClassOf(revisions->front()) == model::Class::kWasm) {
    return Fail(Errc::kUnsupported, tenant + "/" + name +
                                        " runs in class wasm: its sandboxes are no processes; "
                                        "deploy an image to have exec, cp and pause");
  }
  if (!revisions->empty() && revisions->front().kind == model::Kind::kFunction &&
      revisions->front().workload.guest != model::GuestKind::kHttp) {
    return Fail(Errc::kUnsupported, tenant + "/" + name +
                                        " runs only while it is called; deploy it as a Service, "
                                        "or with guest: http");
  }
  return Fail(Errc::kUnavailable, tenant + "/" + name + " is not running now");
}

Task<int> ManagerImpl::Exec(ExecRequest request) {
  if (request.command.empty()) co_return Fail(Errc::kInvalidArgument, "no program is named");
  auto server = RunningServer(request.tenant, request.name);
  if (!server) co_return std::unexpected(std::move(server).error());
  keeper::Exec what{.id = 0,
                    .key = server->second,
                    .sandbox = std::move(request.sandbox),
                    .command = std::move(request.command),
                    .env = std::move(request.env)};
  std::vector<Fd> streams;
  for (Fd* stream : {&request.in, &request.out, &request.err}) {
    streams.push_back(std::move(*stream));
  }
  co_return co_await server->first->Exec(std::move(what), std::move(streams));
}

Task<void> ManagerImpl::SetPaused(std::string tenant, std::string name, bool paused) {
  auto server = RunningServer(tenant, name);
  if (!server) co_return std::unexpected(std::move(server).error());
  co_return co_await server->first->SetPaused(server->second, paused);
}

}  // namespace strata::manager
