#include "sandbox/remote/connection.h"

#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/redirect_error.hpp>

namespace strata::sandbox::remote {

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::size_t kRoom = 16 * 1024;

}  // namespace

Connection::Connection(Loop& loop, Fd socket) : socket_(loop.get_executor(), socket.Release()) {
  boost::system::error_code ignored;  // every use says MSG_DONTWAIT
  socket_.non_blocking(true, ignored);
}

bool Connection::fresh() const {
  char byte = 0;
  auto& socket = const_cast<Descriptor&>(socket_);
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Task<std::size_t> Connection::Send(std::string_view bytes) {
  boost::system::error_code failed;
  while (!failed) {
    const ssize_t sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) co_return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EINTR) break;
    co_await socket_.async_wait(Descriptor::wait_write, asio::redirect_error(kAwait, failed));
  }
  co_return Fail(Errc::kUnavailable, "the service takes no more");
}

Task<std::size_t> Connection::Receive() {
  boost::system::error_code failed;
  while (!failed) {
    const std::span<char> space = input_.Space(kRoom);
    const ssize_t got = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (got >= 0) {
      input_.Commit(static_cast<std::size_t>(got));
      co_return static_cast<std::size_t>(got);
    }
    if (errno != EAGAIN && errno != EINTR) break;
    co_await socket_.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
  }
  co_return Fail(Errc::kUnavailable, "the service closed the connection");
}

}  // namespace strata::sandbox::remote
