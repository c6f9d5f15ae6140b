#include "sandbox/oci/testing/guest_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace guest {
namespace {

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

int Say(const std::string& line, int status) {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
  return status;
}

int Failed(const char* step) { return Say(std::string(step) + ": " + ::strerrorname_np(errno), 1); }

std::optional<sockaddr_in> At(const std::string& address, int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) return std::nullopt;
  return at;
}

// A resolver of a few lines: a static program has no other.
std::string NameServer() {
  char text[512] = {};
  const int file = ::open("/etc/resolv.conf", O_RDONLY);
  const ssize_t got = file < 0 ? 0 : ::read(file, text, sizeof(text) - 1);
  ::close(file);
  const std::string all(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::string key = "nameserver ";
  if (!all.starts_with(key)) return "";
  return all.substr(key.size(), all.find('\n') - key.size());
}

std::string Query(const std::string& host) {
  std::string query("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (std::size_t at = 0; at <= host.size();) {
    const std::size_t dot = std::min(host.find('.', at), host.size());
    query += static_cast<char>(dot - at);
    query += host.substr(at, dot - at);
    at = dot + 1;
  }
  return query + std::string("\x00\x00\x01\x00\x01", 5);
}

// The address, or why there is none.
std::string Resolve(const std::string& host, bool& found) {
  if (At(host, 0)) return found = true, host;
  const auto server = At(NameServer(), 53);
  if (!server) return "no name server";
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  const std::string query = Query(host);
  char answer[512] = {};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*server), sizeof(*server)) != 0 ||
      ::send(fd, query.data(), query.size(), 0) < 0) {
    return std::string("ask: ") + ::strerrorname_np(errno);
  }
  const ssize_t got = ::recv(fd, answer, sizeof(answer), 0);
  ::close(fd);
  if (got < 12) return std::string("no answer: ") + ::strerrorname_np(errno);
  if ((answer[3] & 15) == 3) return "no such name";
  if (answer[7] != 1 || got < 16) return "no address";
  char text[INET_ADDRSTRLEN] = {};
  found = ::inet_ntop(AF_INET, answer + got - 4, text, sizeof(text)) != nullptr;
  return text;
}

}  // namespace

std::string Get(const std::string& host, int port, bool& ok) {
  ok = false;
  bool found = false;
  std::string address = Resolve(host, found);
  if (!found) return address;
  const auto failed = [](const char* step) {
    return std::string(step) + ": " + ::strerrorname_np(errno);
  };
  const auto to = At(address, port);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return failed("socket");
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  const std::string request = "GET / HTTP/1.0\r\n\r\n";
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*to), sizeof(*to)) != 0) {
    answer = failed("connect");
  } else if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    answer = failed("send");
  } else {
    char part[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd, part, sizeof(part), 0)) > 0) {
      answer.append(part, static_cast<std::size_t>(got));
    }
    ok = got == 0;
    if (!ok) answer = failed("receive");
  }
  ::close(fd);
  const std::size_t head = answer.find("\r\n\r\n");
  return head == std::string::npos ? answer : answer.substr(head + 4);
}

std::string Get(const std::string& authority) {
  bool ok = false;
  const std::size_t colon = authority.rfind(':');
  return Get(authority.substr(0, colon), std::atoi(authority.c_str() + colon + 1), ok);
}

int Dial(const std::string& host, int port) {
  bool ok = false;
  const std::string answer = Get(host, port, ok);
  return Say(answer, ok ? 0 : 1);
}

int SendDatagram(const std::string& address, int port) {
  const auto to = At(address, port);
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  constexpr timeval kMoment{.tv_sec = 0, .tv_usec = 500'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kMoment, sizeof(kMoment));
  char answer[512];
  if (!to || ::connect(fd, reinterpret_cast<const sockaddr*>(&*to), sizeof(*to)) != 0 ||
      ::send(fd, "ping", 4, 0) < 0 || ::recv(fd, answer, sizeof(answer), 0) < 0) {
    return Failed("datagram");
  }
  return Say("an answer", 0);
}

int ListenAnywhere(int port) {
  const auto at = At("0.0.0.0", port);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&*at), sizeof(*at)) != 0 ||
      ::listen(listener, 8) != 0) {
    return Failed("listen");
  }
  Say("listening", 0);
  while (true) {
    const int peer = ::accept(listener, nullptr, nullptr);
    [[maybe_unused]] const ssize_t written = ::write(peer, "inside", 6);
    ::close(peer);
  }
}

}  // namespace guest
