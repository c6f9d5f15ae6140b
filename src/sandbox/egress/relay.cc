#include "sandbox/egress/relay.h"

#include <sys/socket.h>

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace strata::sandbox::egress {
namespace {

using boost::system::error_code;

constexpr std::size_t kPart = std::size_t{16} * 1024;

}  // namespace

Relay::Relay(Loop& loop, Fd guest, MovedFn moved)
    : guest_(loop.get_executor()), upstream_(loop.get_executor()), moved_(std::move(moved)) {
  Assign(guest_, std::move(guest));
}

// The protocol is only what the socket object remembers; nothing here depends on it.
void Relay::Assign(Socket& socket, Fd fd) {
  error_code failed;
  socket.assign(asio::generic::stream_protocol(AF_INET, 0), fd.get(), failed);
  if (!failed) static_cast<void>(fd.Release());
}

Awaitable<void> Relay::Run(std::shared_ptr<Relay> self, Fd upstream) {
  Assign(self->upstream_, std::move(upstream));
  using asio::experimental::awaitable_operators::operator&&;
  co_await (Pump(self, true) && Pump(self, false));
  error_code ignored;
  self->guest_.close(ignored);
  self->upstream_.close(ignored);
}

Awaitable<void> Relay::Pump(std::shared_ptr<Relay> self, bool out) {
  Socket& from = out ? self->guest_ : self->upstream_;
  Socket& to = out ? self->upstream_ : self->guest_;
  std::array<char, kPart> part;
  error_code failed;
  while (true) {
    const std::size_t got =
        co_await from.async_read_some(asio::buffer(part), asio::redirect_error(kAwait, failed));
    if (failed) break;
    co_await asio::async_write(to, asio::buffer(part.data(), got),
                               asio::redirect_error(kAwait, failed));
    if (failed) break;
    self->moved_(out ? got : 0, out ? 0 : got);
  }
  if (failed != asio::error::eof) co_return self->Abort();
  to.shutdown(Socket::shutdown_send, failed);
}

void Relay::Abort() noexcept {
  error_code ignored;
  if (guest_.is_open()) guest_.set_option(asio::socket_base::linger(true, 0), ignored);
  guest_.close(ignored);
  upstream_.close(ignored);
}

}  // namespace strata::sandbox::egress
