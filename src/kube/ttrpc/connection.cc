#include "kube/ttrpc/connection.h"

#include <array>
#include <deque>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/bytes.h"

namespace strata::kube::ttrpc {
namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using ErrorCode = boost::system::error_code;

constexpr Bytes kMaxQueued = 16_MiB;

std::unexpected<Error> Gone() {
  return Fail(Errc::kUnavailable, "ttrpc: the connection is closed");
}

}  // namespace

class Connection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, Fd socket) : loop_(loop), socket_(loop.get_executor()) {
    ErrorCode failed;
    socket_.assign(asio::local::stream_protocol(), socket.get(), failed);
    if (!failed) (void)socket.Release();  // the socket's now; else every use fails
  }

  Task<Frame> Receive() {
    const auto self = shared_from_this();
    ErrorCode failed;
    std::array<std::byte, kHeaderBytes> bytes{};
    co_await asio::async_read(socket_, asio::buffer(bytes), asio::redirect_error(kAwait, failed));
    if (failed) co_return Gone();
    const auto header = DecodeHeader(bytes);
    if (!header) {
      Close();
      co_return std::unexpected(header.error());
    }
    Frame frame{.stream = header->stream, .type = header->type, .data = {}};
    frame.data.resize(header->length);
    co_await asio::async_read(socket_, asio::buffer(frame.data),
                              asio::redirect_error(kAwait, failed));
    if (failed) co_return Gone();
    co_return frame;
  }

  Result<void> Post(Frame frame) {
    if (!socket_.is_open()) return Gone();
    if (frame.data.size() > kMaxMessage.count) {
      return Fail(Errc::kResourceExhausted, "ttrpc: the message is larger than the peer takes");
    }
    if (queued_ + frame.data.size() > kMaxQueued.count) {
      Close();
      return Fail(Errc::kResourceExhausted, "ttrpc: the peer does not read");
    }
    const auto header = EncodeHeader({.length = static_cast<std::uint32_t>(frame.data.size()),
                                      .stream = frame.stream,
                                      .type = frame.type});
    frame.data.insert(0, reinterpret_cast<const char*>(header.data()), header.size());
    queued_ += frame.data.size();
    queue_.push_back(std::move(frame.data));
    if (queue_.size() == 1) Spawn(loop_, Drain(shared_from_this()));
    return {};
  }

  void Close() noexcept {
    ErrorCode ignored;
    socket_.close(ignored);
  }

 private:
  // Writes until nothing waits. `self` keeps the state, whatever happens to the Connection.
  static Awaitable<void> Drain(std::shared_ptr<Impl> self) {
    ErrorCode failed;
    while (!self->queue_.empty() && !failed) {
      co_await asio::async_write(self->socket_, asio::buffer(self->queue_.front()),
                                 asio::redirect_error(kAwait, failed));
      self->queued_ -= self->queue_.front().size();
      self->queue_.pop_front();
    }
    if (failed) self->Close();
  }

  Loop& loop_;
  Socket socket_;
  std::deque<std::string> queue_;  // frames with their headers; the first one is being written
  std::size_t queued_ = 0;         // bytes in it
};

Connection::Connection(Loop& loop, Fd socket)
    : impl_(std::make_shared<Impl>(loop, std::move(socket))) {}

Connection::~Connection() { impl_->Close(); }

Task<Frame> Connection::Receive() { return impl_->Receive(); }

Result<void> Connection::Post(Frame frame) { return impl_->Post(std::move(frame)); }

void Connection::Close() noexcept { impl_->Close(); }

}  // namespace strata::kube::ttrpc
