#include "host/dial_in.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/check.h"

namespace strata::host {
namespace {

// The socket belongs to the namespace in which it was made.
Result<Fd> MakeSocketIn(const Fd& network) {
  const Fd own(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own.valid()) return FailErrno("open our network namespace", errno);
  if (::setns(network.get(), CLONE_NEWNET) != 0) return FailErrno("enter a network", errno);
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int failed = socket.valid() ? 0 : errno;
  // A thread that stayed there would do our other work in a guest's network.
  STRATA_CHECK(::setns(own.get(), CLONE_NEWNET) == 0);
  if (failed != 0) return FailErrno("socket", failed);
  return socket;
}

// Over loopback the answer is mostly there when connect returns. A busy kernel hands it on a moment
// later, and a full queue of the listener never answers: neither is a failure.
int Settle(const Fd& socket) {
  constexpr int kPatienceMs = 100;
  pollfd settled{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  while (::poll(&settled, 1, kPatienceMs) < 0 && errno == EINTR) {
  }
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Result<Fd> DialIn(const Fd& network, std::uint16_t port) {
  auto socket = MakeSocketIn(network);
  if (!socket) return socket;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int failed = 0;
  if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    failed = errno == EINPROGRESS ? Settle(*socket) : errno;
  }
  if (failed != 0) {
    return Fail(Errc::kUnavailable, "nobody listens at port " + std::to_string(port));
  }
  const int on = 1;
  if (::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    return FailErrno("set up a connection", errno);
  }
  return socket;
}

}  // namespace strata::host
