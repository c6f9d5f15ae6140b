// Slow clients, on a clock that the test moves.
#include <chrono>
#include <string>

#include "http/exchange_io.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

using std::chrono::seconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class TimeoutsTest : public ::testing::Test {
 protected:
  static ServerConfig Config() {
    ServerConfig config = TestConfig();
    config.header_timeout = seconds(10);
    config.body_timeout = seconds(20);
    config.write_timeout = seconds(30);
    config.idle_timeout = seconds(40);
    return config;
  }
};

TEST_F(TimeoutsTest, AHeadThatDripsInIsCutOffAfterItsWholeTime) {
  ServerHarness harness(SayHello, Config());
  RawClient client(harness);
  client.Send("GET / HTTP/1.1\r\n");
  harness.Settle();
  for (int i = 0; i < 3; ++i) {
    client.Send("X: 1\r\n");
    harness.Settle();
    client.Drain();
    ASSERT_FALSE(client.closed()) << i;
    harness.clock.Advance(seconds(4));
  }
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 408 ")) << client.received();
  client.Close();
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
  EXPECT_EQ(harness.server.counters().timed_out, 1U);
}

TEST_F(TimeoutsTest, AConnectionThatSaysNothingIsClosedSilently) {
  ServerHarness harness(SayHello, Config());
  RawClient client(harness);
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 1; }));
  harness.Settle();
  harness.clock.Advance(seconds(11));
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_EQ(client.received(), "");
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
  EXPECT_EQ(harness.server.counters().timed_out, 0U);
}

TEST_F(TimeoutsTest, AKeptConnectionMayBeIdleForLonger) {
  ServerHarness harness(SayHello, Config());
  RawClient client(harness);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntil("hello"));
  harness.Settle();
  harness.clock.Advance(seconds(30));
  harness.Settle();
  client.Drain();
  EXPECT_FALSE(client.closed());
  harness.clock.Advance(seconds(11));
  EXPECT_TRUE(client.ReadUntilClosed());
}

TEST_F(TimeoutsTest, ABodyThatStopsIsAnswered408) {
  Errc code = Errc::kInternal;
  ServerHarness harness(
      [&code](Exchange& exchange) -> Awaitable<void> {
        auto body = co_await ReadAll(exchange, 1_MiB);
        if (!body) code = body.error().code;
      },
      Config());
  RawClient client(harness);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  harness.Settle();
  harness.clock.Advance(seconds(15));
  harness.Settle();
  client.Send("d");
  harness.Settle();
  harness.clock.Advance(seconds(15));
  harness.Settle();
  client.Drain();
  EXPECT_FALSE(client.closed()) << "the pause is what counts, not the whole";
  harness.clock.Advance(seconds(6));
  ASSERT_TRUE(client.ReadUntil("}"));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 408 ")) << client.received();
  EXPECT_EQ(code, Errc::kDeadlineExceeded);
  client.Close();
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
  EXPECT_EQ(harness.server.counters().timed_out, 1U);
}

// A handler that writes forever to a client that never reads: suspended, bounded, given up in time.
TEST_F(TimeoutsTest, AClientThatDoesNotReadSuspendsTheHandlerAndIsGivenUp) {
  std::size_t written = 0;
  Errc code = Errc::kInternal;
  ServerHarness harness(
      [&](Exchange& exchange) -> Awaitable<void> {
        if (!exchange.sink().Head(ResponseHead{})) co_return;
        const std::string piece(10000, 'x');
        for (;;) {
          auto n = exchange.sink().TryWrite(AsBytes(piece));
          if (!n) co_return;
          written += *n;
          if (*n != 0) continue;
          auto room = co_await exchange.sink().Writable();
          if (room) continue;
          code = room.error().code;
          co_return;
        }
      },
      Config());
  RawClient client(harness, 4096);
  client.Send(kGet);
  std::size_t before = ~std::size_t{0};
  ASSERT_TRUE(harness.RunUntil([&] {
    harness.Settle();
    return written != 0 && std::exchange(before, written) == written;
  }));
  EXPECT_LT(written, 32U << 20);  // what the kernel's buffers and ours take
  RawClient other(harness);
  other.Send("GET /x HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(other.ReadUntil("x")) << "others are served meanwhile";
  other.Close();
  harness.clock.Advance(seconds(31));
  ASSERT_TRUE(harness.RunUntil([&] { return harness.server.counters().open == 0; }));
  EXPECT_EQ(code, Errc::kDeadlineExceeded);
  EXPECT_EQ(harness.server.counters().timed_out, 1U);
}

}  // namespace
}  // namespace strata::http
