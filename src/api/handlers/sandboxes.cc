// Addressable sandboxes over the API.
#include "api/server.h"

namespace strata::api {
namespace {

constexpr Bytes kRequestLimit = 64_KiB;

struct SandboxRequest {
  std::string tenant;
  std::string function;
  std::uint32_t count = 1;
};

Result<SandboxRequest> RequestFrom(const Json& body) {
  if (!body.is_object()) return Fail(Errc::kInvalidArgument, "the body must be an object");
  SandboxRequest request;
  for (const auto& [name, value] : body.items()) {
    if (name == "namespace" && value.is_string()) {
      request.tenant = value.get<std::string>();
    } else if (name == "function" && value.is_string()) {
      request.function = value.get<std::string>();
    } else if (name == "count" && IsCount(value)) {
      request.count = value.get<std::uint32_t>();
    } else {
      return Fail(Errc::kInvalidArgument, "'" + name +
                                              "' is unknown or has the wrong type; the "
                                              "body is {namespace, function, count}");
    }
  }
  if (request.tenant.empty() || request.function.empty()) {
    return Fail(Errc::kInvalidArgument, "'namespace' and 'function' are required");
  }
  return request;
}

}  // namespace

Awaitable<void> ApiServer::ListSandboxes(Context& context) {
  auto list = manager_.ListSandboxes();
  if (!list) {
    co_await ReplyError(context, list.error());
    co_return;
  }
  co_await Reply(context, 200, *list);
}

Awaitable<void> ApiServer::CreateSandboxes(Context& context) {
  auto body = co_await ReadJson(context, kRequestLimit);
  if (!body) co_return;
  auto request = RequestFrom(*body);
  if (!request) {
    co_await ReplyError(context, request.error());
    co_return;
  }
  auto made = co_await manager_.CreateSandboxes(request->tenant, request->function, request->count);
  if (!made) {
    co_await ReplyError(context, made.error());
    co_return;
  }
  co_await Reply(context, 201, *made);
}

Awaitable<void> ApiServer::GetSandbox(Context& context) {
  auto sandbox = manager_.GetSandbox(context.variables["id"]);
  if (!sandbox) {
    co_await ReplyError(context, sandbox.error());
    co_return;
  }
  co_await Reply(context, 200, *sandbox);
}

Awaitable<void> ApiServer::DeleteSandbox(Context& context) {
  auto gone = co_await manager_.DeleteSandbox(context.variables["id"]);
  if (!gone) {
    co_await ReplyError(context, gone.error());
    co_return;
  }
  co_await ReplyEmpty(context, 204);
}

}  // namespace strata::api
