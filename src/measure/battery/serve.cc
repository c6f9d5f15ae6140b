// The battery as a server: every request names a scenario, which runs in a process of its own.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include "measure/battery/battery.h"

namespace strata::measure::battery {
namespace {

constexpr std::size_t kLongestHead = 8192;

// The last part of the path that a request's head asks for; empty for anything else.
std::string AskedFor(int connection) {
  std::string head;
  std::array<char, 1024> part{};
  while (!head.contains("\r\n\r\n") && head.size() < kLongestHead) {
    const ssize_t got = ::read(connection, part.data(), part.size());
    if (got <= 0) return "";
    head.append(part.data(), static_cast<std::size_t>(got));
  }
  const std::size_t begin = head.find(' ') + 1;
  const std::string path = head.substr(begin, head.find(' ', begin) - begin);
  return path.substr(path.rfind('/') + 1);
}

[[noreturn]] void Answer(int connection) {
  const std::string id = AskedFor(connection);
  ::dup2(connection, STDOUT_FILENO);
  ::close(connection);
  std::printf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
  RunOne(id);
  std::fflush(stdout);
  ::_exit(0);
}

}  // namespace

int Serve(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener, 16) != 0) {
    std::perror("strata-battery: listen");
    return 1;
  }
  ::signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    if (::fork() == 0) {
      ::signal(SIGCHLD, SIG_DFL);  // scenarios wait for children of theirs
      ::close(listener);
      Answer(connection);
    }
    ::close(connection);
  }
}

}  // namespace strata::measure::battery
