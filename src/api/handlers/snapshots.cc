// What a service has running, saving it as it runs, and copies that go on from there.
#include <utility>

#include "api/server.h"

namespace strata::api {
namespace {

constexpr Bytes kRequestLimit = 64_KiB;

// The body of each of these; which members one takes is up to it.
struct Body {
  std::string sandbox;
  std::string name;
  std::uint32_t count = 1;
};

Result<Body> ParseBody(const Json& json, std::string_view name_member, bool takes_sandbox,
                       bool takes_count) {
  if (!json.is_object()) return Fail(Errc::kInvalidArgument, "the body must be an object");
  Body body;
  for (const auto& [name, value] : json.items()) {
    if (name == name_member && value.is_string()) {
      body.name = value.get<std::string>();
    } else if (takes_sandbox && name == "sandbox" && value.is_string()) {
      body.sandbox = value.get<std::string>();
    } else if (takes_count && name == "count" && IsCount(value)) {
      body.count = value.get<std::uint32_t>();
    } else {
      return Fail(Errc::kInvalidArgument, "'" + name + "' is unknown or has the wrong type");
    }
  }
  if (!name_member.empty() && body.name.empty()) {
    return Fail(Errc::kInvalidArgument, "'" + std::string(name_member) + "' is required");
  }
  return body;
}

manager::Manager::ServiceName NameOf(Context& context) {
  return {context.variables["namespace"], context.variables["name"]};
}

Awaitable<void> Tell(Context& context, std::uint16_t status, const Result<Json>& answer) {
  if (!answer) {
    co_await ReplyError(context, answer.error());
    co_return;
  }
  co_await Reply(context, status, *answer);
}

Awaitable<void> Tell(Context& context, const Result<void>& done) {
  if (!done) {
    co_await ReplyError(context, done.error());
    co_return;
  }
  co_await ReplyEmpty(context, 204);
}

// What is wrong with it is answered.
Awaitable<std::optional<Body>> ReadTheBody(Context& context, std::string_view name_member,
                                           bool takes_sandbox, bool takes_count) {
  auto json = co_await ReadJson(context, kRequestLimit);
  if (!json) co_return std::nullopt;
  auto body = ParseBody(*json, name_member, takes_sandbox, takes_count);
  if (body) co_return std::move(*body);
  co_await ReplyError(context, body.error());
  co_return std::nullopt;
}

}  // namespace

Awaitable<void> ApiServer::ServiceSandboxes(Context& context) {
  auto of = NameOf(context);
  const auto found = co_await manager_.ServiceSandboxes(std::move(of));
  co_await Tell(context, 200, found);
}

Awaitable<void> ApiServer::SaveSnapshot(Context& context) {
  auto body = co_await ReadTheBody(context, "name", true, false);
  if (!body) co_return;
  auto of = NameOf(context);
  const auto done = co_await manager_.SaveSnapshot(std::move(of), std::move(body->sandbox),
                                                   std::move(body->name));
  co_await Tell(context, done);
}

Awaitable<void> ApiServer::DropSnapshot(Context& context) {
  auto of = NameOf(context);
  const auto done = co_await manager_.DropSnapshot(std::move(of), context.variables["snapshot"]);
  co_await Tell(context, done);
}

Awaitable<void> ApiServer::RestoreSnapshot(Context& context) {
  auto body = co_await ReadTheBody(context, "snapshot", false, false);
  if (!body) co_return;
  auto of = NameOf(context);
  const auto done = co_await manager_.RestoreSnapshot(std::move(of), std::move(body->name));
  co_await Tell(context, 200, done);
}

Awaitable<void> ApiServer::ForkSandbox(Context& context) {
  auto body = co_await ReadTheBody(context, "", true, true);
  if (!body) co_return;
  auto of = NameOf(context);
  const auto made = co_await manager_.Fork(std::move(of), std::move(body->sandbox), body->count);
  co_await Tell(context, 201, made);
}

Awaitable<void> ApiServer::EndFork(Context& context) {
  auto of = NameOf(context);
  const auto done = co_await manager_.EndFork(std::move(of), context.variables["sandbox"]);
  co_await Tell(context, done);
}

}  // namespace strata::api
