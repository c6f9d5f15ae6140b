#include "http/server/acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "base/async/pause.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "http/problem.h"
#include "http/server/connection.h"
#include "http/server/server.h"
#include "http/socket_address.h"
#include "http/transport.h"

namespace strata::http {
namespace {

using ErrorCode = boost::system::error_code;

constexpr int kAcceptsPerTurn = 64;  // then requests of those already in get their turn

// The address family of a listening stream socket, made non-blocking.
Result<int> PrepareListener(const Fd& listener) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(listener.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return FailErrno("SO_ACCEPTCONN", errno);
  }
  if (listening == 0) return Fail(Errc::kInvalidArgument, "the socket does not listen");
  int family = AF_UNSPEC;
  size = sizeof family;
  if (::getsockopt(listener.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return FailErrno("SO_DOMAIN", errno);
  }
  const int flags = ::fcntl(listener.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return FailErrno("O_NONBLOCK", errno);
  }
  const int on = 1;  // accepted sockets inherit it
  if (family != AF_UNIX &&
      ::setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    return FailErrno("TCP_NODELAY", errno);
  }
  return family;
}

// Tells a client that there is no room. Its request may be here already: left unread it would turn
// our close into a reset, which may overtake the answer.
void Refuse(const Fd& client) {
  const Problem problem = ProblemFor(Rejection{503, "too many connections"});
  const std::string body = ProblemBody(problem);
  std::string answer = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
  for (const auto& [name, value] : ProblemHead(problem, body.size()).headers) {
    answer += name + ": " + value + "\r\n";
  }
  answer += "\r\n" + body;
  std::array<char, 4096> unread;
  static_cast<void>(::recv(client.get(), unread.data(), unread.size(), MSG_DONTWAIT));
  // A fresh socket's buffer takes it whole; if not, the client sees the close.
  static_cast<void>(
      ::send(client.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  ::shutdown(client.get(), SHUT_WR);
}

}  // namespace

Acceptor::Acceptor(std::shared_ptr<ServerState> state, int family, ListenerHolder holder)
    : state_(std::move(state)),
      socket_(state_->loop.get_executor()),
      family_(family),
      holder_(holder) {}

Result<std::shared_ptr<Acceptor>> Acceptor::Open(std::shared_ptr<ServerState> state, Fd listener,
                                                 ListenerHolder holder) {
  auto family = PrepareListener(listener);
  if (!family) return Wrap(std::move(family).error(), "adopt a listener");
  std::shared_ptr<Acceptor> acceptor(new Acceptor(std::move(state), *family, holder));
  ErrorCode error;
  acceptor->socket_.assign(listener.get(), error);
  if (error) return FailErrno("adopt a listener: epoll", error.value());
  static_cast<void>(listener.Release());  // the descriptor is acceptor's now
  return acceptor;
}

Awaitable<void> Acceptor::Run(std::shared_ptr<Acceptor> self) {
  ErrorCode error;
  while (!self->stopping()) {
    co_await self->socket_.async_wait(asio::posix::descriptor_base::wait_read,
                                      asio::redirect_error(kAwait, error));
    if (error || self->stopping()) continue;
    // Out of descriptors: waiting for readability would spin, so wait for somebody to close one.
    const bool exhausted = self->AcceptSome() == Accepted::kNoDescriptors;
    if (exhausted) co_await Pause(self->state_->loop, self->state_->config.tick);
  }
  if (!self->state_->stopped && self->holder_ == ListenerHolder::kOnlyUs) {
    while (self->AcceptSome() == Accepted::kMaybeMore) {
    }
  }
  self->socket_.close(error);  // a failure leaves nothing to do: nobody uses it any more
  self->done_ = true;
}

void Acceptor::Wake() {
  ErrorCode ignored;
  if (!done_) socket_.cancel(ignored);
}

Acceptor::Accepted Acceptor::AcceptSome() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    Fd client(
        ::accept4(socket_.native_handle(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) {
      Start(state_, std::move(client), family_, PeerName(peer), Arrival::kNew);
      continue;
    }
    const int err = errno;
    if (err == EAGAIN || err == EWOULDBLOCK) return Accepted::kAll;
    if (err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM) {
      return Accepted::kNoDescriptors;
    }
    // Anything else is about one client, which gave up while it was queued.
  }
  return Accepted::kMaybeMore;
}

void Acceptor::Start(const std::shared_ptr<ServerState>& state, Fd client, int family,
                     std::string peer, Arrival arrival) {
  ++state->counters.accepted;
  if (state->connections.size() >= state->config.max_connections) {
    ++state->counters.refused;
    Refuse(client);
    return;
  }
  Transport::Socket socket(state->loop.get_executor());
  ErrorCode error;
  socket.assign(asio::generic::stream_protocol(family, 0), client.get(), error);
  if (error) return;  // epoll is out of memory; the client sees a close
  static_cast<void>(client.Release());
  state->KeepTime();
  Spawn(state->loop, Connection::Run(std::make_unique<Connection>(state, std::move(socket),
                                                                  std::move(peer), arrival)));
}

}  // namespace strata::http
