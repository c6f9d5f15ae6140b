#include "sandbox/wasm/outgoing/request.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "http/parse/ascii.h"

namespace strata::sandbox::wasm::outgoing {
namespace {

namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Parser = beast::http::response_parser<beast::http::buffer_body>;

constexpr auto kTuple = asio::as_tuple(kAwait);
constexpr std::uint32_t kHeaderLimit = 64 * 1024;
constexpr unsigned kSwitchingProtocols = 101;

std::unexpected<Error> FailIo(const char* what, const error_code& error) {
  return Fail(Errc::kUnavailable, std::string(what) + ": " + error.message());
}

// Fields that belong to the connection, which is ours and not the guest's.
bool IsOurs(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kOurs{
      "host",    "connection", "transfer-encoding", "te",
      "upgrade", "keep-alive", "proxy-connection",  "expect"};
  return std::ranges::any_of(kOurs, [&](auto ours) { return http::EqualsIgnoreCase(name, ours); });
}

Result<Socket> Adopt(Loop& loop, Fd fd) {
  int family = 0;
  socklen_t size = sizeof family;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return FailErrno("connector's socket", errno);
  }
  Socket socket(loop.get_executor());
  error_code error;
  socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), error);
  if (error) return FailIo("connector's socket", error);
  std::ignore = fd.Release();
  return socket;
}

}  // namespace

Request::Request(Loop& loop, Destination to, WakeEvent& guest)
    : loop_(loop), to_(std::move(to)), guest_(guest), upward_(loop), downward_(loop) {}

Result<std::unique_ptr<Request>> Request::Make(Loop& loop, const OutgoingHead& head, Destination to,
                                               WakeEvent& guest) {
  const std::string_view target = head.path_with_query.empty() ? "/" : head.path_with_query;
  // One space or control character here would let a guest write a second request.
  if (!http::IsToken(head.method) || !http::IsFieldText(target) ||
      target.find_first_of(" \t") != std::string_view::npos) {
    return Fail(Errc::kInvalidArgument, "bad method or path");
  }
  std::unique_ptr<Request> request(new Request(loop, std::move(to), guest));
  std::string& text = request->head_;
  text.append(head.method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  text.append(head.authority).append("\r\nConnection: close\r\n");
  for (const auto& [name, value] : head.headers) {
    if (!http::IsToken(name) || !http::IsFieldText(value)) {
      return Fail(Errc::kInvalidArgument, "bad header field");
    }
    if (IsOurs(name)) continue;
    request->has_length_ |= http::EqualsIgnoreCase(name, "content-length");
    text.append(name).append(": ").append(value).append("\r\n");
  }
  request->is_head_ = head.method == "HEAD";
  return request;
}

// ---- the guest's side --------------------------------------------------------------------------

Io Request::Write(std::span<const std::byte> from) {
  if (!failure_.empty() || up_ended_ || up_broken_) return Io::Failed();
  const std::size_t pushed = up_.Push(from);
  if (pushed == 0) return Io::Pending();
  upward_.Wake();
  return Io::Some(pushed);
}

void Request::End() {
  up_ended_ = true;
  upward_.Wake();
}

Io Request::Response(http::ResponseHead& head) {
  if (answered_) {
    head = std::move(response_);
    return Io::Some(1);
  }
  return failure_.empty() ? Io::Pending() : Io::Failed();
}

Io Request::Read(std::span<std::byte> to) {
  const std::size_t popped = down_.Pop(to);
  if (popped > 0) {
    downward_.Wake();
    return Io::Some(popped);
  }
  if (!failure_.empty()) return Io::Failed();
  return down_ended_ ? Io::End() : Io::Pending();
}

// ---- the socket's side -------------------------------------------------------------------------

void Request::Start(Connector& connector, Tls& tls) {
  started_ = true;
  run_.Start(loop_, Run(connector, tls), guest_);
}

void Request::Cancel() {
  cancelled_ = true;
  run_.Cancel();
  upward_.Wake();
  downward_.Wake();
}

Awaitable<void> Request::Run(Connector& connector, Tls& tls) {
  // A cancelled wait shows as its error, so that the writer can still be joined.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto done = co_await Converse(connector, tls);
  if (!done) failure_ = done.error().message;
  down_ended_ = true;
}

Task<void> Request::Converse(Connector& connector, Tls& tls) {
  auto fd = co_await connector.Connect(to_.host, to_.port);
  if (!fd) co_return std::unexpected(std::move(fd).error());
  auto socket = Adopt(loop_, std::move(*fd));
  if (!socket) co_return std::unexpected(std::move(socket).error());
  if (!to_.tls) co_return co_await Exchange(*socket);

  auto context = tls.Context();
  if (!context) co_return std::unexpected(std::move(context).error());
  ssl::stream<Socket&> stream(*socket, **context);
  stream.set_verify_callback(ssl::host_name_verification(to_.host));
  if (::SSL_set_tlsext_host_name(stream.native_handle(), to_.host.c_str()) != 1) {
    co_return Fail(Errc::kInvalidArgument, "TLS: bad server name");
  }
  auto [error] = co_await stream.async_handshake(ssl::stream_base::client, kTuple);
  if (error) co_return FailIo("TLS handshake", error);
  co_return co_await Exchange(stream);
}

template <typename Stream>
Task<void> Request::Exchange(Stream& stream) {
  if (cancelled_) co_return Fail(Errc::kUnavailable, "cancelled");
  writer_.Start(loop_, WriteRequest(stream), downward_);
  auto read = co_await ReadResponse(stream);
  // The peer has said all it will: a body that is still going up is of no use to it.
  up_broken_ = true;
  writer_.Cancel();
  upward_.Wake();
  while (writer_.running()) co_await downward_.Wait();
  co_return read;
}

template <typename Stream>
Awaitable<void> Request::WriteRequest(Stream& stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (up_.empty() && !up_ended_ && !up_broken_) co_await upward_.Wait();
  const bool chunked = !up_.empty() && !has_length_;
  head_ += chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  auto [head_error, head_size] = co_await asio::async_write(stream, asio::buffer(head_), kTuple);
  up_broken_ |= head_error.failed();
  while (!up_broken_) {
    const auto front = up_.Front();
    if (front.empty()) {
      if (up_ended_) break;
      co_await upward_.Wait();
      continue;
    }
    std::array<char, 16> size_line{};
    char* end = std::to_chars(size_line.begin(), size_line.end() - 2, front.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    const std::size_t line_length = chunked ? static_cast<std::size_t>(end - size_line.data()) : 0;
    const std::array<asio::const_buffer, 3> parts{asio::buffer(size_line.data(), line_length),
                                                  asio::buffer(front.data(), front.size()),
                                                  asio::buffer("\r\n", chunked ? 2 : 0)};
    auto [error, size] = co_await asio::async_write(stream, parts, kTuple);
    up_broken_ |= error.failed();
    up_.Consume(front.size());
    guest_.Wake();
  }
  if (!chunked || up_broken_) co_return;
  auto [error, size] = co_await asio::async_write(stream, asio::buffer("0\r\n\r\n", 5), kTuple);
  up_broken_ |= error.failed();
}

template <typename Stream>
Task<void> Request::ReadResponse(Stream& stream) {
  beast::flat_buffer buffer(kHeaderLimit);
  std::optional<Parser> parser;
  do {  // 1xx answers come before the real one
    parser.emplace();
    parser->header_limit(kHeaderLimit);
    parser->body_limit(boost::none);
    parser->skip(is_head_);
    auto [error, size] = co_await beast::http::async_read_header(stream, buffer, *parser, kTuple);
    if (error) co_return FailIo("read response head", error);
    if (parser->get().result_int() == kSwitchingProtocols) {
      co_return Fail(Errc::kUnavailable, "unexpected 101 Switching Protocols");
    }
  } while (parser->get().result_int() < 200);

  response_.status = static_cast<std::uint16_t>(parser->get().result_int());
  for (const auto& field : parser->get()) {
    if (IsOurs(field.name_string())) continue;
    response_.headers.emplace_back(field.name_string(), field.value());
  }
  answered_ = true;
  guest_.Wake();

  while (!parser->is_done()) {
    const auto room = down_.Room();
    if (room.empty()) {
      if (cancelled_) co_return Fail(Errc::kUnavailable, "cancelled");
      co_await downward_.Wait();
      continue;
    }
    auto& body = parser->get().body();
    body.data = room.data();
    body.size = room.size();
    auto [error, size] = co_await beast::http::async_read_some(stream, buffer, *parser, kTuple);
    down_.Commit(room.size() - body.size);
    guest_.Wake();
    if (error && error != beast::http::error::need_buffer) {
      co_return FailIo("read response body", error);
    }
  }
  co_return Result<void>();
}

}  // namespace strata::sandbox::wasm::outgoing
