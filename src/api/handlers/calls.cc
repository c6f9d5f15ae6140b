// Calling functions and sandboxes through the API, and following what they print.
//
// An API call is handed on to a cell's private listener and the answer is handed back; both bodies
// are held in memory, bounded by kBodyLimit. The public listener is the way for streams and load.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "api/server.h"
#include "base/async/pause.h"
#include "base/files/files.h"
#include "http/client/client.h"
#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"

namespace strata::api {
namespace {

constexpr Bytes kBodyLimit = 64_MiB;
constexpr std::uint32_t kLongestTail = 100'000;
constexpr std::chrono::milliseconds kLookForClient{100};

// What speaks of one connection, or what the new hop sets itself.
bool StaysBehind(std::string_view name, const http::ConnectionFields& connections) {
  constexpr std::array<std::string_view, 4> kOurs{"host", "expect", "proxy-authenticate",
                                                  "proxy-authorization"};
  return connections.Has(name) || std::ranges::any_of(kOurs, [name](std::string_view each) {
           return http::EqualsIgnoreCase(each, name);
         });
}

http::ClientRequest RequestFor(const http::RequestHead& head, std::string target,
                               std::string body) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(target);
  const http::ConnectionFields connections(head.headers);
  for (const http::Header& field : head.headers) {
    if (!StaysBehind(field.name, connections)) {
      request.headers.emplace_back(std::string(field.name), std::string(field.value));
    }
  }
  request.body = std::move(body);
  return request;
}

// Until `over`, after which there may be no `exchange` any more: ends the call of a client that has
// left, as its cell sees by the end of the connection.
Awaitable<void> WatchClient(Loop& loop, const http::Exchange& exchange, Fd cell,
                            std::shared_ptr<const bool> over) {
  while (!*over) {
    if (exchange.client_gone()) {
      ::shutdown(cell.get(), SHUT_RDWR);
      co_return;
    }
    co_await Pause(loop, kLookForClient);
  }
}

// Sends the request to the cell behind `socket` and the cell's answer to the client.
Awaitable<void> HandOn(Loop& loop, Context& context, Fd socket, std::string target,
                       std::string body) {
  auto watched = DuplicateFd(socket);
  if (!watched) {
    co_await ReplyError(context, watched.error());
    co_return;
  }
  auto client = http::Client::Adopt(loop, std::move(socket));
  if (!client) {
    co_await ReplyError(context, client.error());
    co_return;
  }
  auto request = RequestFor(context.exchange.head(), std::move(target), std::move(body));
  http::FetchOptions options;
  options.timeout = Duration::max();  // the function's own deadline answers
  options.body_limit = kBodyLimit;
  const auto over = std::make_shared<bool>(false);
  Spawn(loop, WatchClient(loop, context.exchange, std::move(*watched), over));
  auto answer = co_await client->Fetch(std::move(request), std::move(options));
  *over = true;
  if (!answer) {
    co_await ReplyError(context, answer.error());
    co_return;
  }
  http::ResponseHead head{answer->status, {}};
  const http::ConnectionFields connections(answer->headers);
  for (auto& [name, value] : answer->headers) {
    if (!StaysBehind(name, connections))
      head.headers.emplace_back(std::move(name), std::move(value));
  }
  co_await ReplyWith(context, std::move(head), answer->body);
}

// The `path` parameter: what the guest sees, query included.
Result<std::string> GuestPath(const Context& context) {
  if (auto known = context.OnlyParameters({"path"}); !known) {
    return std::unexpected(known.error());
  }
  std::string path = context.Text("path", "/");
  const bool plain = std::none_of(
      path.begin(), path.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '#'; });
  if (!path.starts_with('/') || !plain) {
    return Fail(
        Errc::kInvalidArgument,
        "query parameter path must start with '/' and be percent-encoded, not '" + path + "'");
  }
  return path;
}

}  // namespace

Awaitable<void> ApiServer::InvokeFunction(Context& context) {
  auto path = GuestPath(context);
  if (!path) {
    co_await ReplyError(context, path.error());
    co_return;
  }
  const std::string tenant = context.variables["namespace"];
  const std::string name = context.variables["name"];
  // Before there is a connection, to which a cell gives no longer than a client of ours may take.
  auto body = co_await ReadBody(context, kBodyLimit);
  if (!body) co_return;
  auto socket = co_await manager_.ConnectFunction(tenant, name);
  if (!socket) {
    co_await ReplyError(context, socket.error());
    co_return;
  }
  std::string target = "/functions/" + tenant + "/" + name + *path;
  co_await HandOn(loop_, context, std::move(*socket), std::move(target), std::move(*body));
}

Awaitable<void> ApiServer::InvokeSandbox(Context& context) {
  auto path = GuestPath(context);
  if (!path) {
    co_await ReplyError(context, path.error());
    co_return;
  }
  const std::string id = context.variables["id"];
  auto body = co_await ReadBody(context, kBodyLimit);
  if (!body) co_return;
  auto socket = co_await manager_.ConnectSandbox(id);
  if (!socket) {
    co_await ReplyError(context, socket.error());
    co_return;
  }
  std::string target = "/sandboxes/" + id + *path;
  co_await HandOn(loop_, context, std::move(*socket), std::move(target), std::move(*body));
}

Awaitable<void> ApiServer::Logs(Context& context) {
  auto known = context.OnlyParameters({"follow", "tail"});
  auto follow = context.Boolean("follow", false);
  auto tail = context.Number("tail", 100, kLongestTail);
  if (!known || !follow || !tail) {
    co_await ReplyError(context, !known ? known.error() : !follow ? follow.error() : tail.error());
    co_return;
  }
  const std::string tenant = context.variables["namespace"];
  const std::string name = context.variables["name"];
  auto offset = manager_.LogTail(tenant, name, static_cast<std::uint32_t>(*tail));
  if (!offset) {
    co_await ReplyError(context, offset.error());
    co_return;
  }
  if (!StreamHead(context, "application/x-ndjson")) co_return;
  std::uint64_t at = *offset;
  while (!context.exchange.client_gone()) {
    auto chunk = co_await manager_.Logs(tenant, name, at, *follow);
    if (!chunk) co_return;
    if (chunk->text.empty() && !*follow) co_return;
    at = chunk->next;
    // An empty line keeps a quiet stream alive; readers of JSON lines skip it.
    const std::string piece = chunk->text.empty() ? "\n" : std::move(chunk->text);
    if (!co_await StreamPiece(context, piece)) co_return;
  }
}

}  // namespace strata::api
