// http/test_support.h - a real server on a loop that the test steps, and a client that speaks raw
// bytes: for tests only.
//
//   RawClient --a real socket--> ServerHarness: Server, FunctionHandler, ManualClock
//
// Time is a ManualClock; the loop's own timers only decide how soon it is looked at. Nothing
// sleeps: a test runs the loop until what it waits for has happened, or fails after ten seconds.
//
// Threads:  one: the client's calls run the server. Lifetime: the harness outlives its clients.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/text/byte_view.h"
#include "http/exchange.h"
#include "http/server/listener.h"
#include "http/server/server.h"
#include "http/socket_address.h"

namespace strata::http {

// Answers with whatever function the test gave.
class FunctionHandler final : public Handler {
 public:
  using Function = std::function<Awaitable<void>(Exchange&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  Awaitable<void> Handle(Exchange& exchange) override { return function_(exchange); }

 private:
  Function function_;
};

inline Awaitable<void> SayHello(Exchange& exchange) {
  ResponseHead head;
  head.headers = {{"Content-Type", "text/plain"}, {"Content-Length", "6"}};
  if (!exchange.sink().Head(std::move(head))) co_return;
  static_cast<void>(exchange.sink().TryWrite(AsBytes("hello\n")));
}

inline ServerConfig TestConfig() {
  ServerConfig config;
  config.tick = std::chrono::milliseconds(1);
  return config;
}

class ServerHarness {
 public:
  explicit ServerHarness(FunctionHandler::Function function = SayHello,
                         const ServerConfig& config = TestConfig())
      : handler(std::move(function)), server(loop, config, handler, clock) {
    auto listener = ListenTcp(TcpAddress{});
    address.port = LocalPort(*listener).value();
    listener_fd = listener->get();
    if (!server.Adopt(std::move(*listener))) std::abort();
  }

  // Runs the loop until `done()`; false after ten seconds.
  template <typename Done>
  bool RunUntil(Done done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      if (loop.stopped()) loop.restart();
      loop.run_one_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  // Runs what is ready and a few ticks more, so that a deadline that has passed is noticed.
  void Settle() {
    if (loop.stopped()) loop.restart();
    loop.run_for(std::chrono::milliseconds(5));
  }

  Loop loop{1};
  ManualClock clock;
  FunctionHandler handler;
  TcpAddress address;
  int listener_fd = -1;
  Server server;
};

class RawClient {
 public:
  explicit RawClient(ServerHarness& harness, int receive_buffer = 0) : harness_(harness) {
    const auto where = ToSocketAddress(harness.address);
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer != 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (::connect(fd_.get(), where->get(), where->size) != 0) std::abort();
  }

  void Send(std::string_view bytes) {
    ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Runs the loop until `text` has been received; what came so far is in received().
  bool ReadUntil(std::string_view text) {
    return harness_.RunUntil([&] {
      Drain();
      return received_.find(text) != std::string::npos;
    });
  }
  bool ReadUntilCount(std::string_view text, std::size_t count) {
    return harness_.RunUntil([&] {
      Drain();
      std::size_t seen = 0;
      for (auto at = received_.find(text); at != std::string::npos;
           at = received_.find(text, at + 1)) {
        ++seen;
      }
      return seen >= count;
    });
  }
  bool ReadUntilClosed() {
    return harness_.RunUntil([&] {
      Drain();
      return closed_;
    });
  }

  void EndSending() { ::shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool was_reset() const { return reset_; }
  void Forget() { received_.clear(); }

  // Takes what has arrived, without running the loop.
  void Drain() {
    std::array<char, 16384> piece;
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (n > 0) {
        received_.append(piece.data(), static_cast<std::size_t>(n));
        continue;
      }
      reset_ = reset_ || (n < 0 && errno == ECONNRESET);
      closed_ = closed_ || n == 0 || reset_;
      return;
    }
  }

 private:
  ServerHarness& harness_;
  Fd fd_;
  std::string received_;
  bool closed_ = false;
  bool reset_ = false;
};

}  // namespace strata::http
