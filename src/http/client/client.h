// http/client/client.h - an HTTP/1.1 client over TCP, AF_UNIX or a connected descriptor, without
// TLS: for the command line, for tests and for talking between our own processes.
//
//   auto answer = co_await Fetch(loop, UnixEndpoint{path}, {.target = "/v1/functions"});
//   auto answer = FetchBlocking(UnixEndpoint{path}, {.target = "/v1/functions"});
//
// Threads: on the loop; FetchBlocking runs a loop of its own. It resolves no names: see
// ResolveBlocking. Errors: kInvalidArgument (malformed request or response), kUnavailable (no
// connection, or lost), kDeadlineExceeded, kResourceExhausted (body over its limit). A status of
// 400 and above is an answer, not an error. Tested by http/client/client_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "http/server/listener.h"

namespace strata::http {

struct UnixEndpoint {
  std::string path;
};
using Endpoint = std::variant<TcpAddress, UnixEndpoint>;

// "unix:/run/x.sock", "http://127.0.0.1:8080", "127.0.0.1:8080". A trailing '/' is ignored.
Result<Endpoint> ParseEndpoint(std::string_view text);

// The first address of `host`, by the system's resolver, which may block and start threads.
Result<TcpAddress> ResolveBlocking(const std::string& host, std::uint16_t port);

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "localhost";
  std::vector<std::pair<std::string, std::string>> headers;  // beside Host and Content-Length
  std::string body;
};

struct ClientResponse {
  std::uint16_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // empty when FetchOptions::on_body took it

  // The first field called `name` (any case), or nothing.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct FetchOptions {
  Duration connect_timeout = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(60);  // without progress; Duration::max(): never
  Bytes body_limit = 64_MiB;

  // Given every piece of the body as it arrives, with the answer's status and headers. Returning
  // false ends the fetch, which then succeeds. For log following and event streams; body_limit does
  // not apply.
  std::function<bool(const ClientResponse& head, std::string_view piece)> on_body;
};

// One connection, kept for one request after another.
class Client {
 public:
  static Task<Client> Connect(Loop& loop, Endpoint endpoint,
                              Duration timeout = std::chrono::seconds(5));
  // Over a stream socket that is connected already, for example one end of a socketpair.
  static Result<Client> Adopt(Loop& loop, Fd connected);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Sends `request` and waits for the whole answer. After an error, or when the server closes
  // (reusable() is false), the connection is of no further use.
  Task<ClientResponse> Fetch(ClientRequest request, FetchOptions options = {});

  [[nodiscard]] bool reusable() const noexcept;

  // The connection, for another protocol; it is of no further use here. Non-blocking.
  Result<Fd> Release() &&;

 private:
  struct Wire;
  explicit Client(std::shared_ptr<Wire> wire);
  std::shared_ptr<Wire> wire_;
};

// Connects, fetches once, closes.
Task<ClientResponse> Fetch(Loop& loop, Endpoint endpoint, ClientRequest request,
                           FetchOptions options = {});
Result<ClientResponse> FetchBlocking(Endpoint endpoint, ClientRequest request,
                                     FetchOptions options = {});

}  // namespace strata::http
