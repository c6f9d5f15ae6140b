// Pausing a service.
#include <utility>

#include "api/server.h"

namespace strata::api {

Awaitable<void> ApiServer::Pause(Context& context) { co_await SetPaused(context, true); }

Awaitable<void> ApiServer::Resume(Context& context) { co_await SetPaused(context, false); }

Awaitable<void> ApiServer::SetPaused(Context& context, bool paused) {
  manager::Manager::ServiceName of{context.variables["namespace"], context.variables["name"]};
  auto done = co_await manager_.SetPaused(std::move(of), paused);
  if (!done) {
    co_await ReplyError(context, done.error());
    co_return;
  }
  co_await ReplyEmpty(context, 204);
}

}  // namespace strata::api
