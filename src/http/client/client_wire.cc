#include "http/client/client_wire.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/text/byte_view.h"
#include "http/socket_address.h"

namespace strata::http {
namespace {

using ErrorCode = boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;

}  // namespace

void Client::Wire::Arm(Duration timeout) {
  expired_ = false;
  ++round_;
  if (timeout == Duration::max()) return;
  timer.expires_after(timeout);
  timer.async_wait([self = weak_from_this(), round = round_](const ErrorCode& error) {
    const auto wire = self.lock();
    // One that was queued as its round ended comes all the same, and is not for the next.
    if (error || !wire || wire->round_ != round) return;
    wire->expired_ = true;
    ErrorCode ignored;
    wire->socket.cancel(ignored);
  });
}

// Ends the watch and says what `error` means.
Error Client::Wire::Disarm(const ErrorCode& error, const char* what) {
  timer.cancel();
  if (!error) return {};
  reusable = false;
  if (expired_) return {Errc::kDeadlineExceeded, std::string(what) + ": the server is too slow"};
  return {Errc::kUnavailable, std::string(what) + ": " + error.message()};
}

Task<void> Client::Wire::Connect(Endpoint endpoint, Duration timeout) {
  const auto* tcp = std::get_if<TcpAddress>(&endpoint);
  const std::string path = tcp ? std::string() : std::get<UnixEndpoint>(endpoint).path;
  const std::string what = "connect to " + (tcp ? ToString(*tcp) : path);
  auto where = tcp ? ToSocketAddress(*tcp) : ToSocketAddress(path);
  if (!where) co_return Wrap(std::move(where).error(), what);
  ErrorCode error;
  socket.open(Protocol(where->family(), 0), error);
  if (error) co_return FailErrno(what, error.value());
  Arm(timeout);
  const Protocol::endpoint to(where->get(), where->size);
  co_await socket.async_connect(to, asio::redirect_error(kAwait, error));
  Error failed = Disarm(error, what.c_str());
  if (error) co_return std::unexpected(std::move(failed));
  co_return Result<void>{};
}

Task<void> Client::Wire::Send(const std::string& bytes, Duration timeout) {
  Arm(timeout);
  ErrorCode error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(kAwait, error));
  Error failed = Disarm(error, "send the request");
  if (error) co_return std::unexpected(std::move(failed));
  co_return Result<void>{};
}

Task<std::size_t> Client::Wire::Receive(Duration timeout) {
  Arm(timeout);
  ErrorCode error;
  const auto space = input.Space(kReadBytes);
  const std::size_t n = co_await socket.async_read_some(asio::buffer(space.data(), space.size()),
                                                        asio::redirect_error(kAwait, error));
  if (error == asio::error::eof) {
    timer.cancel();
    reusable = false;
    co_return 0;
  }
  Error failed = Disarm(error, "read the response");
  if (error) co_return std::unexpected(std::move(failed));
  input.Commit(n);
  co_return n;
}

Task<ParsedResponse> Client::Wire::ReadHead(std::string_view method, Duration timeout) {
  HeadScanner scanner{kAnswerHead};
  for (;;) {
    const auto step = scanner.Scan(input.readable());
    if (step == HeadScanner::Step::kRejected) {
      co_return Fail(Errc::kInvalidArgument,
                     "the response: " + std::string(scanner.rejection().detail));
    }
    if (step == HeadScanner::Step::kNeedMore) {
      auto n = co_await Receive(timeout);
      if (!n) co_return std::unexpected(std::move(n).error());
      if (*n == 0) co_return Fail(Errc::kUnavailable, "the server closed before it answered");
      continue;
    }
    auto head = ParseResponseHead(scanner.HeadIn(input.readable()), method);
    input.Consume(scanner.size());
    scanner.Reset();
    if (!head || head->status >= 200) co_return head;
  }
}

Task<void> Client::Wire::ReadBody(const ParsedResponse& head, const FetchOptions& options,
                                  ClientResponse& out) {
  ChunkDecoder decoder;
  std::uint64_t left = head.body == BodyEnd::kLength ? head.length : ~std::uint64_t{0};
  bool more = head.body == BodyEnd::kChunked || (head.body != BodyEnd::kNone && left != 0);
  while (more) {
    if (input.readable().empty()) {
      auto n = co_await Receive(options.timeout);
      if (!n) co_return std::unexpected(std::move(n).error());
      if (*n == 0 && head.body == BodyEnd::kClose) co_return Result<void>{};
      if (*n == 0) co_return Fail(Errc::kUnavailable, "the server closed inside the body");
    }
    Result<bool> wanted = true;
    if (head.body == BodyEnd::kChunked) {
      wanted = GiveChunks(decoder, options, out);
      more = !decoder.done();
    } else {
      const std::size_t n = std::min<std::uint64_t>(left, input.readable().size());
      wanted = Give(input.readable().substr(0, n), options, out);
      input.Consume(n);
      left -= n;
      more = left != 0;
    }
    if (!wanted) co_return std::unexpected(std::move(wanted).error());
    if (!*wanted) {
      reusable = false;
      co_return Result<void>{};
    }
  }
  co_return Result<void>{};
}

Result<bool> Client::Wire::GiveChunks(ChunkDecoder& decoder, const FetchOptions& options,
                                      ClientResponse& out) {
  std::array<std::byte, 4096> data;
  while (!decoder.done() && !input.readable().empty()) {
    const auto step = decoder.Decode(input.readable(), data);
    if (!step) {
      return Fail(Errc::kInvalidArgument, "the response: " + std::string(step.error().detail));
    }
    input.Consume(step->consumed);
    if (step->produced == 0) continue;
    auto wanted = Give(AsText({data.data(), step->produced}), options, out);
    if (!wanted || !*wanted) return wanted;
  }
  return true;
}

// False: the caller wants no more.
Result<bool> Client::Wire::Give(std::string_view piece, const FetchOptions& options,
                                ClientResponse& out) {
  if (options.on_body) return options.on_body(out, piece);
  if (out.body.size() + piece.size() > options.body_limit.count) {
    return Fail(Errc::kResourceExhausted, "the response's body is longer than its limit");
  }
  out.body += piece;
  return true;
}

}  // namespace strata::http
