#include "kube/ttrpc/client.h"

#include <sys/un.h>

#include <memory>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>

namespace strata::kube::ttrpc {
namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using ErrorCode = boost::system::error_code;

}  // namespace

Task<void> Client::Connect() {
  if (path_.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return Fail(Errc::kInvalidArgument, "ttrpc: the path is too long: " + path_);
  }
  Socket socket(loop_.get_executor());
  ErrorCode failed;
  co_await socket.async_connect(asio::local::stream_protocol::endpoint(path_),
                                asio::redirect_error(kAwait, failed));
  if (failed) co_return Fail(Errc::kUnavailable, "connect " + path_ + ": " + failed.message());
  ErrorCode ignored;
  connection_ = std::make_shared<Connection>(loop_, Fd(socket.release(ignored)));
  next_stream_ = 1;
  co_return Result<void>();
}

Awaitable<Reply> Client::Call(Request request) {
  if (!connection_) {
    if (auto connected = co_await Connect(); !connected) {
      co_return std::unexpected(std::move(connected).error());
    }
  }
  const auto connection = connection_;
  const std::uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  auto sent = connection->Post(
      {.stream = stream, .type = FrameType::kRequest, .data = EncodeRequest(request)});
  Result<Frame> answer = Fail(Errc::kUnavailable, "ttrpc: nothing was sent");
  const auto late = std::make_shared<bool>(false);  // gone when nobody waits any more
  if (sent) {
    Timer deadline(loop_.get_executor());
    deadline.expires_after(request.timeout);
    // One that is queued already comes all the same, and is not for the next call.
    deadline.async_wait([connection, weak = std::weak_ptr(late)](const ErrorCode& cancelled) {
      const auto waits = weak.lock();
      if (cancelled || !waits) return;
      *waits = true;
      connection->Close();
    });
    answer = co_await connection->Receive();
    deadline.cancel();
  }
  const bool ours = answer && answer->type == FrameType::kResponse && answer->stream == stream;
  if (ours) co_return DecodeReply(answer->data);
  connection_.reset();
  if (*late) co_return Fail(Errc::kDeadlineExceeded, "ttrpc: no reply in time");
  if (!sent) co_return std::unexpected(std::move(sent).error());
  if (!answer) co_return std::unexpected(std::move(answer).error());
  co_return Fail(Errc::kUnavailable, "ttrpc: a reply to no call of ours");
}

}  // namespace strata::kube::ttrpc
