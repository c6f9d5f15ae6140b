#include "kube/ttrpc/server.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "base/async/pause.h"
#include "host/process/peer.h"

namespace strata::kube::ttrpc {
namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kMaxCalls = 1024;  // at once on one connection; containerd has a few
constexpr std::chrono::milliseconds kAcceptAgain{100};

bool MayCall(int socket) {
  const auto peer = host::PeerOf(socket);
  return peer && (peer->uid == 0 || peer->uid == ::geteuid());
}

}  // namespace

Result<void> Server::Listen(Fd listener) {
  Acceptor acceptor(loop_.get_executor());
  ErrorCode failed;
  acceptor.assign(asio::local::stream_protocol(), listener.get(), failed);
  if (failed) return Fail(Errc::kInvalidArgument, "ttrpc: the listener: " + failed.message());
  (void)listener.Release();  // the acceptor's now
  Spawn(loop_, Accept(std::move(acceptor)));
  return {};
}

Awaitable<void> Server::Accept(Acceptor acceptor) {
  for (;;) {
    ErrorCode failed;
    Socket socket = co_await acceptor.async_accept(asio::redirect_error(kAwait, failed));
    if (failed) {
      // Out of descriptors, most likely: they come back when connections end.
      co_await Pause(loop_, kAcceptAgain);
      continue;
    }
    ++accepted_;
    ErrorCode ignored;
    Fd accepted(socket.release(ignored));
    if (MayCall(accepted.get())) Spawn(loop_, Serve(std::move(accepted)));
  }
}

Awaitable<void> Server::Serve(Fd socket) {
  const auto client = std::make_shared<Client>(loop_, std::move(socket));
  ++connections_;
  std::uint32_t last = 0;  // stream; they are odd and rise
  for (;;) {
    auto frame = co_await client->connection.Receive();
    if (!frame) break;
    const std::uint32_t stream = frame->stream;
    if (frame->type != FrameType::kRequest || stream % 2 == 0 || stream <= last) break;
    last = stream;
    if (client->calls >= kMaxCalls) {
      if (!Refuse(*client, stream, {Errc::kResourceExhausted, "too many calls at once"})) break;
      continue;
    }
    Spawn(loop_, Answer(client, std::move(*frame)));
  }
  *client->abandoned = true;
  client->connection.Close();
  --connections_;
}

Awaitable<void> Server::Answer(std::shared_ptr<Client> client, Frame frame) {
  ++client->calls;
  auto request = DecodeRequest(frame.data);
  frame.data = {};
  Reply reply;
  if (request) {
    // A named variable: gcc 12 destroys a temporary aggregate in a co_await twice.
    Call call{.request = std::move(*request), .abandoned = client->abandoned};
    reply = co_await handler_(std::move(call));
  } else {
    reply = std::unexpected(std::move(request).error());
  }
  --client->calls;
  auto sent = client->connection.Post(
      {.stream = frame.stream, .type = FrameType::kResponse, .data = EncodeReply(reply)});
  if (!sent) static_cast<void>(Refuse(*client, frame.stream, std::move(sent).error()));
}

bool Server::Refuse(Client& client, std::uint32_t stream, Error error) {
  const Reply refusal = std::unexpected(std::move(error));
  return client.connection
      .Post({.stream = stream, .type = FrameType::kResponse, .data = EncodeReply(refusal)})
      .has_value();
}

}  // namespace strata::kube::ttrpc
