#include "http/transport.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace strata::http {
namespace {

using ErrorCode = boost::system::error_code;

std::unexpected<Error> Gone() {
  return Fail(Errc::kUnavailable, "the client closed the connection");
}

}  // namespace

Transport::Transport(Socket socket, Deadlines& deadlines)
    : socket_(std::move(socket)), deadlines_(deadlines), slot_(deadlines, *this) {}

Result<std::size_t> Transport::TryRecv(std::span<char> to) {
  if (dead_) return Gone();
  if (eof_) return 0;
  for (;;) {
    const ssize_t n = ::recv(fd(), to.data(), to.size(), MSG_DONTWAIT);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0) {
      eof_ = peer_closed_ = true;
      return 0;
    }
    const int err = errno;
    if (err == EAGAIN || err == EWOULDBLOCK) return 0;
    if (err == EINTR) continue;
    dead_ = true;
    return Gone();
  }
}

Result<std::size_t> Transport::TrySend(std::span<const iovec> parts) {
  if (dead_) return Gone();
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg only reads it
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t n = ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    const int err = errno;
    if (err == EAGAIN || err == EWOULDBLOCK) return 0;
    if (err == EINTR) continue;
    dead_ = true;
    return Gone();
  }
}

Task<std::size_t> Transport::Recv(std::span<char> to, TimePoint deadline) {
  for (;;) {
    if (dead_) co_return Gone();
    read_expired_ = false;
    slot_.Set(Wait::kRead, deadline);
    ErrorCode error;
    const std::size_t n = co_await socket_.async_read_some(asio::buffer(to.data(), to.size()),
                                                           asio::redirect_error(kAwait, error));
    slot_.Clear(Wait::kRead);
    if (!error) co_return n;
    if (error == asio::error::eof) {
      eof_ = peer_closed_ = true;
      co_return 0;
    }
    if (error != asio::error::operation_aborted) {
      reset_ = error == asio::error::connection_reset;
      dead_ = true;
      co_return Gone();
    }
    const Ended ended = co_await WhyAborted(read_expired_);
    if (ended == Ended::kExpired) co_return Fail(Errc::kDeadlineExceeded, "the client is too slow");
    if (ended == Ended::kGone) co_return Gone();
  }
}

Task<void> Transport::WaitWritable(TimePoint deadline) {
  for (;;) {
    if (dead_) co_return Gone();
    write_expired_ = false;
    slot_.Set(Wait::kWrite, deadline);
    ErrorCode error;
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(kAwait, error));
    slot_.Clear(Wait::kWrite);
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) {
      dead_ = true;
      co_return Gone();
    }
    const Ended ended = co_await WhyAborted(write_expired_);
    if (ended == Ended::kExpired) {
      co_return Fail(Errc::kDeadlineExceeded, "the client does not read its answer");
    }
    if (ended == Ended::kGone) co_return Gone();
  }
}

// cancel() ends both waits of a socket: the one that was not meant goes on waiting.
Awaitable<Transport::Ended> Transport::WhyAborted(bool& expired) {
  if (expired) co_return Ended::kExpired;
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != asio::cancellation_type::none;
  co_return dead_ || cancelled ? Ended::kGone : Ended::kAgain;
}

Awaitable<void> Transport::Yield() { co_await asio::post(socket_.get_executor(), kAwait); }

void Transport::EndStream() noexcept { ::shutdown(fd(), SHUT_WR); }

void Transport::ResetOnClose() noexcept {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Transport::Kill() noexcept {
  dead_ = true;
  ::shutdown(fd(), SHUT_RDWR);
  ErrorCode ignored;  // nothing can be done about it: the socket is closed by the destructor
  socket_.cancel(ignored);
}

void Transport::LookForPeer(short events, Duration grace) noexcept {
  if ((events & POLLRDHUP) != 0 && !half_closed_since_) half_closed_since_ = now();
  const bool left = half_closed_since_ && now() - *half_closed_since_ >= grace;
  if (left || (events & (POLLHUP | POLLERR)) != 0) peer_closed_ = true;
}

void Transport::Expired(Wait which) noexcept {
  (which == Wait::kRead ? read_expired_ : write_expired_) = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

}  // namespace strata::http
