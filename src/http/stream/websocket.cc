#include "http/stream/websocket.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/text/json_member.h"
#include "http/message.h"
#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"

namespace strata::http {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using ErrorCode = boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<Protocol, Executor>;

constexpr std::chrono::seconds kHandshakePatience{10};

Error ErrorFrom(const ErrorCode& error) {
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
    return {Errc::kResourceExhausted, "a message is too long"};
  }
  if (error.category() == make_error_code(websocket::error::closed).category() &&
      error != websocket::error::closed) {
    return {Errc::kInvalidArgument, "no WebSocket: " + error.message()};
  }
  return {Errc::kUnavailable, "the other side is gone: " + error.message()};
}

Error Declined(const websocket::response_type& answer) {
  const std::string status = std::to_string(answer.result_int());
  const auto problem = ParseJson(answer.body());
  if (!problem || !problem->is_object()) {
    return {Errc::kInternal, "the server answered " + status};
  }
  return {ErrcFromName(TextOf(*problem, "code")),
          TextOf(*problem, "detail", "the server answered " + status)};
}

}  // namespace

struct WebSocket::Stream {
  Stream(Loop& loop, std::string spoken)
      : socket(loop.get_executor()), protocol(std::move(spoken)) {
    socket.binary(true);
    socket.auto_fragment(false);
    socket.read_message_max(kLongestMessage.count);
    // Idle for as long as one likes: whether the other side is there is the connection's to know.
    socket.set_option(
        websocket::stream_base::timeout{.handshake_timeout = kHandshakePatience,
                                        .idle_timeout = websocket::stream_base::none(),
                                        .keep_alive_pings = false});
  }

  Result<void> Assign(Fd connected) {
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;
    if (::getsockopt(connected.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
      return FailErrno("WebSocket", errno);
    }
    ErrorCode error;
    socket.next_layer().assign(Protocol(family, 0), connected.get(), error);
    if (error) return FailErrno("WebSocket", error.value());
    static_cast<void>(connected.Release());  // the socket's now
    return {};
  }

  websocket::stream<Socket> socket;
  const std::string protocol;
  beast::flat_buffer received;
};

WebSocket::WebSocket(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
WebSocket::~WebSocket() = default;

bool WebSocket::IsAskedFor(const RequestHead& head, std::string_view protocol) {
  const auto upgrade = FindHeader(head.headers, "upgrade");
  const auto protocols = FindHeader(head.headers, "sec-websocket-protocol");
  return upgrade && EqualsIgnoreCase(*upgrade, "websocket") && protocols &&
         IsNamedIn(*protocols, protocol);
}

Task<std::unique_ptr<WebSocket>> WebSocket::Accept(Loop& loop, Exchange& exchange,
                                                   std::string protocol) {
  const RequestHead& head = exchange.head();
  beast::http::request<beast::http::empty_body> request;
  request.version(11);
  request.method_string(std::string(head.method));
  request.target(std::string(head.target));
  for (const Header& field : head.headers) {
    request.insert(std::string(field.name), std::string(field.value));
  }
  auto connection = co_await exchange.TakeOver();
  if (!connection) co_return std::unexpected(std::move(connection).error());
  auto stream = std::make_unique<Stream>(loop, std::move(protocol));
  if (auto ready = stream->Assign(std::move(*connection)); !ready) {
    co_return std::unexpected(std::move(ready).error());
  }
  stream->socket.set_option(websocket::stream_base::decorator(
      [&protocol = stream->protocol](websocket::response_type& answer) {
        answer.set(beast::http::field::sec_websocket_protocol, protocol);
      }));
  ErrorCode error;
  co_await stream->socket.async_accept(request, asio::redirect_error(kAwait, error));
  if (error) co_return std::unexpected(ErrorFrom(error));
  co_return std::unique_ptr<WebSocket>(new WebSocket(std::move(stream)));
}

Task<std::unique_ptr<WebSocket>> WebSocket::Connect(Loop& loop, Fd connected, std::string host,
                                                    std::string target, std::string protocol) {
  auto stream = std::make_unique<Stream>(loop, std::move(protocol));
  if (auto ready = stream->Assign(std::move(connected)); !ready) {
    co_return std::unexpected(std::move(ready).error());
  }
  stream->socket.set_option(websocket::stream_base::decorator(
      [&protocol = stream->protocol](websocket::request_type& request) {
        request.set(beast::http::field::sec_websocket_protocol, protocol);
      }));
  websocket::response_type answer;
  ErrorCode error;
  co_await stream->socket.async_handshake(answer, host, target,
                                          asio::redirect_error(kAwait, error));
  if (error == websocket::error::upgrade_declined) co_return std::unexpected(Declined(answer));
  if (error) co_return std::unexpected(ErrorFrom(error));
  co_return std::unique_ptr<WebSocket>(new WebSocket(std::move(stream)));
}

Task<std::string> WebSocket::Receive() {
  ErrorCode error;
  co_await stream_->socket.async_read(stream_->received, asio::redirect_error(kAwait, error));
  if (error) co_return std::unexpected(ErrorFrom(error));
  const auto bytes = stream_->received.cdata();
  std::string message(static_cast<const char*>(bytes.data()), bytes.size());
  stream_->received.consume(bytes.size());
  co_return message;
}

Task<void> WebSocket::Send(std::string_view message) {
  ErrorCode error;
  co_await stream_->socket.async_write(asio::buffer(message.data(), message.size()),
                                       asio::redirect_error(kAwait, error));
  if (error) co_return std::unexpected(ErrorFrom(error));
  co_return Result<void>{};
}

void WebSocket::Cut() noexcept {
  ErrorCode ignored;
  stream_->socket.next_layer().shutdown(asio::socket_base::shutdown_both, ignored);
}

Task<void> WebSocket::Close() {
  ErrorCode error;
  co_await stream_->socket.async_close(websocket::close_code::normal,
                                       asio::redirect_error(kAwait, error));
  if (error) co_return std::unexpected(ErrorFrom(error));
  co_return Result<void>{};
}

}  // namespace strata::http
