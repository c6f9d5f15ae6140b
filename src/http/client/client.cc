#include "http/client/client.h"

#include <netdb.h>

#include <cstring>
#include <utility>

#include "http/client/client_wire.h"
#include "http/parse/ascii.h"
#include "http/socket_address.h"

namespace strata::http {
namespace {

// The request as it goes out. Fails with kInvalidArgument when it could be read as another one.
Result<std::string> Serialise(const ClientRequest& request) {
  const bool odd_target = request.target.find_first_of(" \t\r\n") != std::string::npos;
  if (!IsToken(request.method) || request.target.empty() || odd_target ||
      !IsFieldText(request.target) || !IsFieldText(request.host)) {
    return Fail(Errc::kInvalidArgument, "the request's method, target or host is malformed");
  }
  std::string out =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.host + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsFieldText(value)) {
      return Fail(Errc::kInvalidArgument, "request field '" + name + "' is malformed");
    }
    out += name + ": " + value + "\r\n";
  }
  const bool may_lack_body = request.method == "GET" || request.method == "HEAD";
  if (!request.body.empty() || !may_lack_body) {
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return out + "\r\n" + request.body;
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text) {
  if (text.starts_with("unix:")) {
    UnixEndpoint local{std::string(text.substr(5))};
    if (auto known = ToSocketAddress(local.path); !known) return std::unexpected(known.error());
    return local;
  }
  if (text.starts_with("http://")) text.remove_prefix(7);
  if (text.ends_with('/')) text.remove_suffix(1);
  auto address = ParseTcpAddress(text);
  if (!address) return Wrap(std::move(address).error(), "server address");
  return *address;
}

Result<TcpAddress> ResolveBlocking(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) {
    return Fail(Errc::kNotFound, "resolve '" + host + "': " + ::gai_strerror(failed));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  auto resolved = ParseTcpAddress(PeerName(address));
  if (resolved) resolved->port = port;
  return resolved;
}

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (EqualsIgnoreCase(known, name)) return value;
  }
  return std::nullopt;
}

Client::Client(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Task<Client> Client::Connect(Loop& loop, Endpoint endpoint, Duration timeout) {
  auto wire = std::make_shared<Wire>(loop);
  auto connected = co_await wire->Connect(std::move(endpoint), timeout);
  if (!connected) co_return std::unexpected(std::move(connected).error());
  co_return Client(std::move(wire));
}

Result<Client> Client::Adopt(Loop& loop, Fd connected) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  if (::getsockopt(connected.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return FailErrno("adopt a connected socket", errno);
  }
  auto wire = std::make_shared<Wire>(loop);
  boost::system::error_code error;
  wire->socket.assign(Wire::Protocol(family, 0), connected.get(), error);
  if (error) return FailErrno("adopt a connected socket", error.value());
  static_cast<void>(connected.Release());  // the descriptor is the wire's now
  return Client(std::move(wire));
}

bool Client::reusable() const noexcept { return wire_->reusable; }

Result<Fd> Client::Release() && {
  if (!wire_->reusable) return Fail(Errc::kFailedPrecondition, "the connection is used up");
  wire_->reusable = false;
  boost::system::error_code error;
  Fd connection(wire_->socket.release(error));
  if (error) return FailErrno("release a connection", error.value());
  return connection;
}

Task<ClientResponse> Client::Fetch(ClientRequest request, FetchOptions options) {
  const auto wire = wire_;  // the Client may be moved meanwhile
  if (!wire->reusable) co_return Fail(Errc::kFailedPrecondition, "the connection is used up");
  auto bytes = Serialise(request);
  if (!bytes) co_return std::unexpected(std::move(bytes).error());
  auto sent = co_await wire->Send(*bytes, options.timeout);
  // A server that refuses a request early may close its side: its answer can still be here.
  auto head = co_await wire->ReadHead(request.method, options.timeout);
  if (!head) {
    wire->reusable = false;
    co_return std::unexpected(sent ? std::move(head).error() : std::move(sent).error());
  }
  ClientResponse answer{.status = head->status, .headers = std::move(head->headers)};
  auto read = co_await wire->ReadBody(*head, options, answer);
  wire->reusable = wire->reusable && read && sent && head->keep_alive;
  if (!read) co_return std::unexpected(std::move(read).error());
  co_return answer;
}

Task<ClientResponse> Fetch(Loop& loop, Endpoint endpoint, ClientRequest request,
                           FetchOptions options) {
  auto client = co_await Client::Connect(loop, std::move(endpoint), options.connect_timeout);
  if (!client) co_return std::unexpected(std::move(client).error());
  auto answer = co_await client->Fetch(std::move(request), std::move(options));
  co_return answer;
}

namespace {

Awaitable<void> FetchInto(Loop& loop, Endpoint endpoint, ClientRequest request,
                          FetchOptions options, Result<ClientResponse>& out) {
  out = co_await Fetch(loop, std::move(endpoint), std::move(request), std::move(options));
}

}  // namespace

Result<ClientResponse> FetchBlocking(Endpoint endpoint, ClientRequest request,
                                     FetchOptions options) {
  Loop loop(1);
  Result<ClientResponse> out = Fail(Errc::kInternal, "the fetch did not run");
  Spawn(loop, FetchInto(loop, std::move(endpoint), std::move(request), std::move(options), out));
  loop.run();
  return out;
}

}  // namespace strata::http
