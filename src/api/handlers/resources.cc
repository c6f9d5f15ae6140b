// Resources out, changes as they happen.
#include <utility>

#include "api/handlers/change_json.h"
#include "api/server.h"
#include "model/rules.h"

namespace strata::api {
namespace {

// "functions" -> "Function".
Result<std::string> KindOf(const std::string& plural) {
  if (plural == "functions") return std::string("Function");
  if (plural == "services") return std::string("Service");
  if (plural == "routes") return std::string("Route");
  return Fail(Errc::kNotFound,
              "no such kind: '" + plural + "'; there are functions, services and routes");
}

}  // namespace

Awaitable<void> ApiServer::ListResources(Context& context) {
  if (auto known = context.OnlyParameters({"kind", "namespace"}); !known) {
    co_await ReplyError(context, known.error());
    co_return;
  }
  // No parameter is no filter; an empty one is a mistake.
  Result<void> filter;
  if (context.query.contains("kind") && context.Text("kind").empty()) {
    filter = Fail(Errc::kInvalidArgument, "query parameter kind must not be empty");
  }
  if (context.query.contains("namespace")) {
    auto problem = model::DnsLabelProblem(context.Text("namespace"));
    if (problem) filter = Fail(Errc::kInvalidArgument, "query parameter namespace " + *problem);
  }
  if (!filter) {
    co_await ReplyError(context, filter.error());
    co_return;
  }
  auto list = manager_.List(context.Text("kind"), context.Text("namespace"));
  if (!list) {
    co_await ReplyError(context, list.error());
    co_return;
  }
  co_await Reply(context, 200, *list);
}

Awaitable<void> ApiServer::GetResource(Context& context) {
  auto kind = KindOf(context.variables["kind"]);
  if (!kind) {
    co_await ReplyError(context, kind.error());
    co_return;
  }
  const manager::ResourceName name{*kind, context.variables["namespace"],
                                   context.variables["name"]};
  auto resource = manager_.Get(name);
  if (!resource) {
    co_await ReplyError(context, resource.error());
    co_return;
  }
  // What runs of it, where its sandboxes are processes that stay.
  if ((*resource)["kind"] != "Route") {
    manager::Manager::ServiceName of{name.tenant, name.name};
    auto running = co_await manager_.ServiceSandboxes(std::move(of));
    if (running) (*resource)["status"]["sandboxes"] = std::move(*running);
  }
  co_await Reply(context, 200, *resource);
}

Awaitable<void> ApiServer::DeleteResource(Context& context) {
  auto kind = KindOf(context.variables["kind"]);
  if (!kind) {
    co_await ReplyError(context, kind.error());
    co_return;
  }
  manager::ResourceName name{*kind, context.variables["namespace"], context.variables["name"]};
  auto change = co_await manager_.Delete(std::move(name));
  if (!change) {
    co_await ReplyError(context, change.error());
    co_return;
  }
  const Json answer = ToJson(*change);
  co_await Reply(context, 200, answer);
}

Awaitable<void> ApiServer::Watch(Context& context) {
  auto known = context.OnlyParameters({"since"});
  auto since = context.Number("since", 0, std::uint64_t{1} << 62);
  if (!known || !since) {
    co_await ReplyError(context, !known ? known.error() : since.error());
    co_return;
  }
  std::uint64_t cursor = *since;
  // The first look finds a cursor that is wrong, while there can still be an error answer.
  const auto version = manager_.List("", "");
  if (version && cursor > (*version)["resourceVersion"].get<std::uint64_t>()) {
    const Error future{Errc::kInvalidArgument, "'since' is in the future"};
    co_await ReplyError(context, future);
    co_return;
  }
  if (!StreamHead(context, "text/event-stream")) co_return;
  // Headers leave at once; an SSE comment keeps proxies and clients awake.
  bool there = co_await StreamPiece(context, ": watching\n\n");
  while (there && !context.exchange.client_gone()) {
    auto changes = co_await manager_.Watch(cursor);
    if (!changes) co_return;
    cursor = (*changes)["cursor"].get<std::uint64_t>();
    std::string events = (*changes)["changes"].empty() ? ": idle\n\n" : "";
    for (const Json& change : (*changes)["changes"]) {
      events += "id: " + std::to_string(change["resourceVersion"].get<std::uint64_t>()) +
                "\nevent: " + change["action"].get<std::string>() +
                "\ndata: " + DumpJson(change["resource"]) + "\n\n";
    }
    there = co_await StreamPiece(context, events);
  }
}

}  // namespace strata::api
