// Outgoing requests from the guest's functions to the bytes on a socket, with a scripted server at
// the other end of a socket pair.
#include "sandbox/wasm/outgoing/table.h"

#include <sys/socket.h>

#include <algorithm>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "base/text/byte_view.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::wasm::outgoing {
namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
using testing::CallFixture;

// Answers every connection with `response` once it has read `request_end`.
class ScriptedServer final : public Connector {
 public:
  explicit ScriptedServer(Loop& loop) : loop_(loop) {}

  Task<Fd> Connect(std::string_view host, std::uint16_t port) override {
    asked = std::string(host) + ":" + std::to_string(port);
    if (refuse) co_return Fail(Errc::kUnavailable, "connection refused");
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      co_return FailErrno("socketpair", errno);
    }
    Spawn(loop_, Serve(Socket(loop_.get_executor(), asio::local::stream_protocol(), pair[1])));
    co_return Fd(pair[0]);
  }

  bool refuse = false;
  std::string request_end = "\r\n\r\n";
  std::string response;
  std::string asked;
  std::string received;

 private:
  Awaitable<void> Serve(Socket socket) {
    auto [read_error, size] = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(received), request_end, asio::as_tuple(kAwait));
    if (read_error) co_return;
    co_await asio::async_write(socket, asio::buffer(response), asio::as_tuple(kAwait));
  }

  Loop& loop_;
};

struct Answer {
  http::ResponseHead head;
  std::string body;
  bool failed = false;
};

class TableTest : public ::testing::Test {
 protected:
  TableTest() {
    settings.id = "box";
    settings.limits.host_calls = 2;
    settings.http = {{"api.example", 80}};
    settings.effects = {.logs = &log, .connector = &server};
  }

  std::int64_t Start(std::string_view authority, std::string_view method = "GET",
                     std::vector<http::Header> headers = {}) {
    return table.Start({"http", authority, method, "/path?q=1", headers});
  }

  // Plays the guest: sends `body`, ends it, reads the whole answer.
  Task<Answer> Converse(std::int64_t handle, std::string body) {
    table.StartNew();
    Answer answer;
    bool ended = false;
    while (!ended || !body.empty()) {
      const Io wrote = body.empty() ? Io::Pending() : table.Write(handle, AsBytes(body));
      if (wrote == Io::Failed()) break;
      if (body.empty()) {
        table.End(handle);
        ended = true;
      } else if (wrote == Io::Pending()) {
        co_await guest.Wait();
      } else {
        body.erase(0, static_cast<std::size_t>(wrote.raw()));
      }
    }
    for (;;) {
      const Io got = table.Response(handle, answer.head);
      if (got == Io::Some(1)) break;
      if (got == Io::Failed()) {
        answer.failed = true;
        co_return answer;
      }
      co_await guest.Wait();
    }
    std::string part(1000, '\0');
    for (;;) {
      const Io read = table.Read(handle, std::as_writable_bytes(std::span(part)));
      if (read == Io::End()) break;
      if (read == Io::Failed()) {
        answer.failed = true;
        break;
      }
      if (read == Io::Pending()) {
        co_await guest.Wait();
      } else {
        answer.body += part.substr(0, static_cast<std::size_t>(read.raw()));
      }
    }
    co_return answer;
  }

  Answer Run(std::int64_t handle, std::string body = "") {
    EXPECT_GT(handle, 0);
    auto answer = CallFixture::RunTask(loop, Converse(handle, std::move(body)));
    table.Delete(handle);
    loop.restart();
    loop.run();
    EXPECT_FALSE(table.running());
    return std::move(answer).value();
  }

  Loop loop;
  ScriptedServer server{loop};
  testing::RecordingLog log;
  Settings settings;
  Metrics metrics;
  Tls tls{"/nonexistent"};
  WakeEvent guest{loop};
  Table table{loop, tls, metrics, settings, guest};
};

TEST_F(TableTest, SendsAGetAndReadsItsAnswer) {
  server.response = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
  const Answer answer =
      Run(Start("Api.Example", "GET", {{"Accept", "text/plain"}, {"Host", "evil"}}));
  EXPECT_FALSE(answer.failed);
  EXPECT_EQ(answer.head.status, 201);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(server.asked, "api.example:80");
  EXPECT_EQ(server.received,
            "GET /path?q=1 HTTP/1.1\r\nHost: Api.Example\r\nConnection: close\r\n"
            "Accept: text/plain\r\n\r\n");
  EXPECT_EQ(metrics.outgoing, 1U);
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(TableTest, ABodyOfUnknownLengthGoesOutChunked) {
  server.request_end = "0\r\n\r\n";
  server.response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  const std::string body(300'000, 'z');  // more than the queue and the socket hold
  const Answer answer = Run(Start("api.example", "POST"), body);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_NE(server.received.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(server.received, 'z')), body.size());
}

TEST_F(TableTest, ABodyOfKnownLengthGoesOutAsItIs) {
  server.request_end = "body";
  server.response = "HTTP/1.1 204 No Content\r\n\r\n";
  const Answer answer = Run(Start("api.example", "PUT", {{"content-length", "4"}}), "body");
  EXPECT_EQ(answer.head.status, 204);
  EXPECT_EQ(server.received.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(server.received.ends_with("\r\n\r\nbody"));
}

TEST_F(TableTest, InterimAnswersAreSkipped) {
  server.response =
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const Answer answer = Run(Start("api.example"));
  EXPECT_EQ(answer.head.status, 200);
  EXPECT_EQ(answer.body, "ok");
}

TEST_F(TableTest, ALargeAnswerStreamsThroughTheBoundedQueue) {
  server.response =
      "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'y');
  const Answer answer = Run(Start("api.example"));
  EXPECT_FALSE(answer.failed);
  EXPECT_EQ(answer.body.size(), 1'000'000U);
}

TEST_F(TableTest, ABodyThatBreaksOffIsAFailureAndNotAnEnd) {
  server.response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  const Answer answer = Run(Start("api.example"));
  EXPECT_TRUE(answer.failed);
  EXPECT_EQ(answer.body, "half");
  EXPECT_EQ(metrics.outgoing_failed, 1U);
}

TEST_F(TableTest, AnAnswerThatIsNoHttpIsAFailure) {
  server.response = "220 smtp.example ESMTP\r\n\r\n";
  EXPECT_TRUE(Run(Start("api.example")).failed);
}

TEST_F(TableTest, ARefusedConnectionIsAFailureInTheLog) {
  server.refuse = true;
  EXPECT_TRUE(Run(Start("api.example")).failed);
  EXPECT_EQ(metrics.outgoing_failed, 1U);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0].text, "outgoing request to api.example:80 failed: connection refused");
}

TEST_F(TableTest, WhatIsNotGrantedNeverReachesTheConnector) {
  EXPECT_EQ(Start("other.example"), 0);
  EXPECT_EQ(Start("api.example:8080"), 0);
  EXPECT_EQ(metrics.outgoing_denied, 2U);
  EXPECT_EQ(metrics.outgoing, 0U);
  EXPECT_EQ(server.asked, "");
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_EQ(log.lines[0].stream, Stream::kHost);
  EXPECT_EQ(log.lines[0].text, "outgoing request to http://other.example denied: not granted");
}

TEST_F(TableTest, WithoutAConnectorEverythingIsDenied) {
  settings.effects.connector = nullptr;
  EXPECT_EQ(Start("api.example"), 0);
  EXPECT_EQ(metrics.outgoing_denied, 1U);
}

TEST_F(TableTest, AHeadThatWouldSplitIsDenied) {
  EXPECT_EQ(Start("api.example", "GET / HTTP/1.1\r\nX:"), 0);
  EXPECT_EQ(Start("api.example", "GET", {{"x", "a\r\nHost: b"}}), 0);
  EXPECT_EQ(Start("api.example", "GET", {{"x y", "a"}}), 0);
  EXPECT_EQ(metrics.outgoing_denied, 3U);
}

TEST_F(TableTest, OutstandingRequestsAreLimited) {
  EXPECT_GT(Start("api.example"), 0);
  const auto second = Start("api.example");
  EXPECT_GT(second, 0);
  EXPECT_EQ(Start("api.example"), 0);
  table.Delete(second);
  EXPECT_GT(Start("api.example"), 0);
}

TEST_F(TableTest, CancellingLeavesNothingRunning) {
  server.request_end = "never sent";
  ASSERT_GT(Start("api.example"), 0);
  table.StartNew();
  loop.poll();
  EXPECT_TRUE(table.running());
  table.CancelAll();
  loop.restart();
  loop.run();
  EXPECT_FALSE(table.running());
}

TEST_F(TableTest, UnknownHandlesFail) {
  std::array<std::byte, 1> byte{};
  http::ResponseHead head;
  EXPECT_EQ(table.Write(7, byte), Io::Failed());
  EXPECT_EQ(table.Read(7, byte), Io::Failed());
  EXPECT_EQ(table.Response(7, head), Io::Failed());
  table.End(7);
  table.Delete(7);
}

}  // namespace
}  // namespace strata::sandbox::wasm::outgoing
