#include "api/server.h"

#include <utility>

#include "api/handlers/advisor_answers.h"

namespace strata::api {
namespace {

// Query parameters that may come more than once.
const std::initializer_list<std::string_view> kLists = {
    "command", "env",                                                            // of exec
    "subject", "dimension", "set", "need", "device", "kernel", "know", "part"};  // the advisor's

}  // namespace

ApiServer::ApiServer(Loop& loop, manager::Manager& manager, std::function<void()> down,
                     std::string listen)
    : loop_(loop), manager_(manager), down_(std::move(down)), listen_(std::move(listen)) {
  Add("GET", "/healthz", &ApiServer::Health);
  Add("GET", "/metrics", &ApiServer::Metrics);
  Add("GET", "/openapi.json", &ApiServer::OpenApi);
  Add("GET", "/v1/status", &ApiServer::Status);
  Add("GET", "/v1/probe", &ApiServer::Probe);
  Add("GET", "/v1/top", &ApiServer::Top);
  Add("GET", "/v1/cost", &ApiServer::Cost);
  Add("GET", "/v1/models", &ApiServer::GetModels);
  Add("GET", "/v1/measurements", &ApiServer::GetMeasurements);
  Add("PUT", "/v1/measurements", &ApiServer::PutMeasurements);
  Add("POST", "/v1/down", &ApiServer::Down);
  Add("POST", "/v1/apply", &ApiServer::Apply);
  Add("GET", "/v1/resources", &ApiServer::ListResources);
  Add("GET", "/v1/watch", &ApiServer::Watch);
  Add("GET", "/v1/namespaces/{namespace}/functions/{name}/logs", &ApiServer::Logs);
  Add("POST", "/v1/namespaces/{namespace}/functions/{name}/invoke", &ApiServer::InvokeFunction);
  Add("GET", "/v1/namespaces/{namespace}/services/{name}/exec", &ApiServer::Exec);
  Add("POST", "/v1/namespaces/{namespace}/services/{name}/pause", &ApiServer::Pause);
  Add("POST", "/v1/namespaces/{namespace}/services/{name}/resume", &ApiServer::Resume);
  Add("GET", "/v1/namespaces/{namespace}/services/{name}/sandboxes", &ApiServer::ServiceSandboxes);
  Add("POST", "/v1/namespaces/{namespace}/services/{name}/snapshots", &ApiServer::SaveSnapshot);
  Add("DELETE", "/v1/namespaces/{namespace}/services/{name}/snapshots/{snapshot}",
      &ApiServer::DropSnapshot);
  Add("POST", "/v1/namespaces/{namespace}/services/{name}/restore", &ApiServer::RestoreSnapshot);
  Add("POST", "/v1/namespaces/{namespace}/services/{name}/forks", &ApiServer::ForkSandbox);
  Add("DELETE", "/v1/namespaces/{namespace}/services/{name}/forks/{sandbox}", &ApiServer::EndFork);
  Add("POST", "/v1/rollouts/{namespace}/{name}", &ApiServer::StartRollout);
  Add("GET", "/v1/rollouts/{namespace}/{name}", &ApiServer::GetRollout);
  Add("POST", "/v1/rollouts/{namespace}/{name}/{verb}", &ApiServer::EndRollout);
  Add("GET", "/v1/namespaces/{namespace}/{kind}/{name}", &ApiServer::GetResource);
  Add("DELETE", "/v1/namespaces/{namespace}/{kind}/{name}", &ApiServer::DeleteResource);
  Add("GET", "/v1/volumes", &ApiServer::ListVolumes);
  Add("GET", "/v1/volumes/{namespace}/{name}", &ApiServer::GetVolume);
  Add("DELETE", "/v1/volumes/{namespace}/{name}", &ApiServer::DeleteVolume);
  Add("GET", "/v1/sandboxes", &ApiServer::ListSandboxes);
  Add("POST", "/v1/sandboxes", &ApiServer::CreateSandboxes);
  Add("GET", "/v1/sandboxes/{id}", &ApiServer::GetSandbox);
  Add("DELETE", "/v1/sandboxes/{id}", &ApiServer::DeleteSandbox);
  Add("POST", "/v1/sandboxes/{id}/invoke", &ApiServer::InvokeSandbox);
  for (const AdvisorOperation& each : AdvisorOperations()) {
    router_.Add(each.earlier ? "POST" : "GET", "/v1/advisor/" + std::string(each.path),
                operations_.size());
    operations_.emplace_back([this, &each](Context& context) { return Advise(context, each); });
  }
}

void ApiServer::Add(std::string_view method, std::string_view pattern, Member member) {
  router_.Add(method, pattern, operations_.size());
  operations_.emplace_back([this, member](Context& context) { return (this->*member)(context); });
}

Awaitable<void> ApiServer::Handle(http::Exchange& exchange) {
  using Kind = Router::Found::Kind;
  Context context{{}, exchange};
  auto found = router_.Match(exchange.head().method, exchange.head().path);
  if (found.kind == Kind::kNoPath) {
    const Error missing{Errc::kNotFound, "no such path: " + std::string(exchange.head().path) +
                                             "; GET /openapi.json lists them"};
    co_await ReplyError(context, missing);
    co_return;
  }
  if (found.kind == Kind::kNoMethod) {
    co_await ReplyProblem(context, 405, Errc::kUnsupported, "this path has: " + found.allow,
                          found.allow);
    co_return;
  }
  auto query = ParseQuery(exchange.head().query, kLists);
  if (!query) {
    co_await ReplyError(context, query.error());
    co_return;
  }
  context.variables = std::move(found.variables);
  context.query = std::move(query->values);
  context.lists = std::move(query->lists);
  co_await operations_[found.id](context);
}

}  // namespace strata::api
