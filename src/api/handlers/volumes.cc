// Named volumes over the API.
#include <utility>

#include "api/server.h"
#include "model/rules.h"

namespace strata::api {

Awaitable<void> ApiServer::ListVolumes(Context& context) {
  Result<void> good = context.OnlyParameters({"namespace"});
  if (good && context.query.contains("namespace")) {
    auto problem = model::DnsLabelProblem(context.Text("namespace"));
    if (problem) good = Fail(Errc::kInvalidArgument, "query parameter namespace " + *problem);
  }
  if (!good) {
    co_await ReplyError(context, good.error());
    co_return;
  }
  auto list = manager_.ListVolumes(context.Text("namespace"));
  if (!list) {
    co_await ReplyError(context, list.error());
    co_return;
  }
  co_await Reply(context, 200, *list);
}

Awaitable<void> ApiServer::GetVolume(Context& context) {
  auto volume = manager_.GetVolume(context.variables["namespace"], context.variables["name"]);
  if (!volume) {
    co_await ReplyError(context, volume.error());
    co_return;
  }
  co_await Reply(context, 200, *volume);
}

Awaitable<void> ApiServer::DeleteVolume(Context& context) {
  std::string tenant = context.variables["namespace"];
  std::string name = context.variables["name"];
  auto deleted = co_await manager_.DeleteVolume(std::move(tenant), std::move(name));
  if (!deleted) {
    co_await ReplyError(context, deleted.error());
    co_return;
  }
  co_await ReplyEmpty(context, 204);
}

}  // namespace strata::api
