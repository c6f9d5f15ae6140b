#include "sandbox/microvm/agent/dial.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "base/files/fd.h"

namespace strata::sandbox::microvm::agent {
namespace {

// Bytes on their way from one descriptor to another.
class Way {
 public:
  Way(int from, int to) : from_(from), to_(to) {}

  // What to wait for now; a negative descriptor: nothing.
  [[nodiscard]] pollfd Interest() const {
    if (over_) return {-1, 0, 0};
    return at_ < end_ ? pollfd{to_, POLLOUT, 0} : pollfd{from_, POLLIN, 0};
  }

  // After poll. False: the receiving side is gone.
  bool Move() {
    if (at_ == end_) {
      const ssize_t got = ::read(from_, part_.data(), part_.size());
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0) {
        over_ = true;
        if (::shutdown(to_, SHUT_WR) != 0) ::close(to_);  // a pipe
        return true;
      }
      at_ = 0;
      end_ = static_cast<std::size_t>(got);
    }
    const ssize_t put = ::write(to_, part_.data() + at_, end_ - at_);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    at_ += static_cast<std::size_t>(put);
    return true;
  }

  [[nodiscard]] bool over() const { return over_; }

 private:
  const int from_;
  const int to_;
  std::array<char, 64 * 1024> part_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool over_ = false;
};

// A server that has just been started is waited for: to start us again takes longer.
Fd Connect(std::uint16_t port) {
  constexpr int kTries = 100;
  constexpr int kTryAgainMs = 2;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < kTries; ++i) {
    Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
        0) {
      return server;
    }
    if (errno != ECONNREFUSED) break;
    ::poll(nullptr, 0, kTryAgainMs);
  }
  return {};
}

}  // namespace

int DialPort(const char* port) {
  const Fd server = Connect(static_cast<std::uint16_t>(std::atoi(port)));
  if (!server.valid() || ::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  for (const int fd : {server.get(), STDIN_FILENO, STDOUT_FILENO}) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  Way in(STDIN_FILENO, server.get());
  Way out(server.get(), STDOUT_FILENO);
  // What a server that has said its last word would still read is nobody's: both sides close.
  while (!out.over()) {
    std::array<pollfd, 2> waits = {in.Interest(), out.Interest()};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return 1;
    if (waits[0].revents != 0 && !in.Move()) return 0;
    if (waits[1].revents != 0 && !out.Move()) return 0;
  }
  return 0;
}

}  // namespace strata::sandbox::microvm::agent
