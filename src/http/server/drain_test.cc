// Server::Drain: nothing that was accepted is lost, and it ends.
#include <chrono>
#include <memory>
#include <string>

#include "base/async/promise.h"
#include "http/test_support.h"

namespace strata::http {
namespace {

using std::chrono::seconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class DrainTest : public ::testing::Test {
 protected:
  DrainTest()
      : harness_([this](Exchange& exchange) -> Awaitable<void> {
          if (exchange.head().path == "/slow") {
            ++waiting_;
            static_cast<void>(co_await gate_->Wait(seconds(10)));
          }
          co_await SayHello(exchange);
        }),
        gate_(std::make_unique<Promise<int>>(harness_.loop)) {}

  void StartDrain(Duration patience) {
    Spawn(harness_.loop, Drain(*this, harness_.clock.Now() + patience));
  }
  static Awaitable<void> Drain(DrainTest& test, TimePoint deadline) {
    co_await test.harness_.server.Drain(deadline);
    test.drained_ = true;
  }

  ServerHarness harness_;
  std::unique_ptr<Promise<int>> gate_;
  int waiting_ = 0;
  bool drained_ = false;
};

TEST_F(DrainTest, WithoutConnectionsItEndsAtOnce) {
  StartDrain(seconds(100));
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
  auto late = ListenTcp(TcpAddress{});
  ASSERT_TRUE(late.has_value());
  auto adopted = harness_.server.Adopt(std::move(*late));
  ASSERT_FALSE(adopted.has_value());
  EXPECT_EQ(adopted.error().code, Errc::kFailedPrecondition);
}

TEST_F(DrainTest, ARequestInFlightIsFinishedWithClose) {
  RawClient client(harness_);
  client.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(harness_.RunUntil([&] { return waiting_ == 1; }));
  StartDrain(seconds(100));
  harness_.Settle();
  EXPECT_FALSE(drained_);
  gate_->Set(1);
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_NE(client.received().find("hello"), std::string::npos);
  EXPECT_NE(client.received().find("Connection: close"), std::string::npos);
  client.Close();
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
}

TEST_F(DrainTest, WhatIsSentBeforeTheCloseWasReadDoesNotCostTheAnswer) {
  RawClient client(harness_);
  client.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(harness_.RunUntil([&] { return waiting_ == 1; }));
  StartDrain(seconds(100));
  harness_.Settle();
  gate_->Set(1);
  harness_.Settle();  // the answer is out, with the close
  client.Send(kGet);
  harness_.Settle();
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_NE(client.received().find("hello"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  harness_.clock.Advance(seconds(2));  // what a client may take to close its side
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
}

TEST_F(DrainTest, AConnectionInTheQueueIsServedOnce) {
  RawClient queued(harness_);  // the loop has not run: nobody has accepted it yet
  StartDrain(seconds(100));
  harness_.Settle();
  EXPECT_FALSE(drained_);
  queued.Send(kGet);
  ASSERT_TRUE(queued.ReadUntilClosed());
  EXPECT_NE(queued.received().find("hello"), std::string::npos);
  queued.Close();
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
}

TEST_F(DrainTest, AnIdleConnectionMayBringOneMoreRequestWithinItsGrace) {
  RawClient busy(harness_), idle(harness_);
  for (RawClient* client : {&busy, &idle}) {
    client->Send(kGet);
    ASSERT_TRUE(client->ReadUntil("hello"));
  }
  StartDrain(seconds(100));
  harness_.Settle();
  busy.Forget();
  busy.Send(kGet);
  ASSERT_TRUE(busy.ReadUntilClosed());
  EXPECT_NE(busy.received().find("hello"), std::string::npos);
  EXPECT_NE(busy.received().find("Connection: close"), std::string::npos);
  busy.Close();
  idle.Drain();
  EXPECT_FALSE(idle.closed());
  harness_.clock.Advance(std::chrono::milliseconds(300));
  EXPECT_TRUE(idle.ReadUntilClosed());
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
}

TEST_F(DrainTest, PipelinedRequestsThatAreHereAreAllAnswered) {
  RawClient client(harness_);
  client.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet) + std::string(kGet));
  ASSERT_TRUE(harness_.RunUntil([&] { return waiting_ == 1; }));
  StartDrain(seconds(100));
  harness_.Settle();
  gate_->Set(1);
  ASSERT_TRUE(client.ReadUntilClosed());
  std::size_t answers = 0;
  for (auto at = client.received().find("hello"); at != std::string::npos;
       at = client.received().find("hello", at + 1)) {
    ++answers;
  }
  EXPECT_EQ(answers, 3U) << client.received();
}

TEST_F(DrainTest, AtTheDeadlineWhatIsLeftIsCutOff) {
  RawClient slow(harness_), silent(harness_);
  slow.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(harness_.RunUntil([&] { return waiting_ == 1; }));
  StartDrain(seconds(5));
  harness_.Settle();
  EXPECT_FALSE(drained_);
  harness_.clock.Advance(seconds(6));
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
  EXPECT_TRUE(slow.ReadUntilClosed());
  EXPECT_TRUE(silent.ReadUntilClosed());
  gate_->Set(1);
  EXPECT_TRUE(harness_.RunUntil([&] { return harness_.server.counters().open == 0; }));
}

TEST_F(DrainTest, ASharedListenersQueueIsLeftToItsOtherHolder) {
  ServerHarness harness;
  auto listener = ListenTcp(TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  harness.address.port = LocalPort(*listener).value();
  Fd other_holder(::dup(listener->get()));
  ASSERT_TRUE(
      harness.server.Adopt(std::move(*listener), ListenerHolder::kOtherProcess).has_value());
  RawClient queued(harness);
  bool drained = false;
  Spawn(harness.loop, [](ServerHarness& h, bool& done) -> Awaitable<void> {
    co_await h.server.Drain(h.clock.Now() + seconds(100));
    done = true;
  }(harness, drained));
  ASSERT_TRUE(harness.RunUntil([&] { return drained; }));
  EXPECT_EQ(harness.server.counters().accepted, 0U);
  const Fd accepted(::accept(other_holder.get(), nullptr, nullptr));
  EXPECT_TRUE(accepted.valid()) << "the connection is still in the queue";
}

// A server whose connections another one goes on with.
class HandOverTest : public DrainTest {
 protected:
  HandOverTest()
      : answers_(SayHello), next_(harness_.loop, TestConfig(), answers_, harness_.clock) {}

  void StartHandOver() { Spawn(harness_.loop, HandOver(*this)); }
  static Awaitable<void> HandOver(HandOverTest& test) {
    Heir heir = [&test](Fd connected) {
      return !test.refused_ &&
             test.next_.Serve(std::move(connected), "peer", Arrival::kBetweenRequests).has_value();
    };
    co_await test.harness_.server.HandOver(std::move(heir));
    test.drained_ = true;
  }

  // One request more on `client`, which `next_` answers.
  void ExpectServedByTheNext(RawClient& client) {
    const auto before = next_.counters().requests;
    client.Forget();
    client.Send(kGet);
    EXPECT_TRUE(client.ReadUntil("hello"));
    EXPECT_EQ(client.received().find("Connection: close"), std::string::npos);
    EXPECT_EQ(next_.counters().requests, before + 1);
    EXPECT_FALSE(client.closed());
  }

  FunctionHandler answers_;
  Server next_;
  bool refused_ = false;
};

TEST_F(HandOverTest, AnIdleConnectionIsNotClosed) {
  RawClient client(harness_), fresh(harness_);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntil("hello"));
  StartHandOver();
  ASSERT_TRUE(harness_.RunUntil([&] { return drained_; }));
  harness_.clock.Advance(seconds(60));  // less than a client may idle
  harness_.Settle();
  for (RawClient* each : {&client, &fresh}) ExpectServedByTheNext(*each);
  EXPECT_EQ(harness_.server.counters().requests, 1U);
}

TEST_F(HandOverTest, WhatHasBegunIsFinishedHere) {
  RawClient client(harness_), half(harness_);
  client.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  half.Send(kGet.substr(0, 9));
  ASSERT_TRUE(harness_.RunUntil([&] { return waiting_ == 1; }));
  harness_.Settle();
  StartHandOver();
  harness_.Settle();
  gate_->Set(1);
  EXPECT_TRUE(client.ReadUntilCount("hello", 2));
  EXPECT_FALSE(drained_) << "half a request is here";
  half.Send(kGet.substr(9));
  EXPECT_TRUE(half.ReadUntil("hello"));
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
  EXPECT_EQ(harness_.server.counters().requests, 3U);
  EXPECT_EQ(next_.counters().requests, 0U);
  for (RawClient* each : {&client, &half}) ExpectServedByTheNext(*each);
}

TEST_F(HandOverTest, WithoutAnybodyToTakeThemConnectionsAreDrained) {
  RawClient client(harness_);
  client.Send(kGet);
  ASSERT_TRUE(client.ReadUntil("hello"));
  refused_ = true;
  StartHandOver();
  harness_.Settle();
  client.Drain();
  EXPECT_FALSE(client.closed());
  harness_.clock.Advance(std::chrono::milliseconds(300));
  EXPECT_TRUE(client.ReadUntilClosed());
  EXPECT_TRUE(harness_.RunUntil([&] { return drained_; }));
}

}  // namespace
}  // namespace strata::http
