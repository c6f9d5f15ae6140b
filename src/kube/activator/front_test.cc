#include "kube/activator/front.h"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/exchange_io.h"
#include "http/test_support.h"

namespace strata::kube::activator {
namespace {

using http::RawClient;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// A pod that says what it was asked, once it may.
class FakePod {
 public:
  FakePod(Loop& loop, Clock& clock)
      : loop_(loop),
        handler_([this](http::Exchange& exchange) { return Answer(exchange); }),
        server_(loop, http::TestConfig(), handler_, clock) {
    auto listener = http::ListenTcp(http::TcpAddress{});
    if (!listener) std::abort();
    address.port = http::LocalPort(*listener).value();
    if (!server_.Adopt(*std::move(listener))) std::abort();
  }

  http::TcpAddress address;
  bool may_answer = true;
  int asked = 0;

 private:
  Awaitable<void> Answer(http::Exchange& exchange) {
    ++asked;
    std::string text =
        std::string(exchange.head().method) + " " + std::string(exchange.head().target) + "\n";
    for (const auto& [name, value] : exchange.head().headers) {
      text.append(name).append(": ").append(value).append("\n");
    }
    Timer timer(loop_.get_executor());
    while (!may_answer) {
      timer.expires_after(milliseconds(1));
      co_await timer.async_wait(kAwait);
    }
    auto sent = co_await http::Answer(exchange.sink(), 200, "text/plain", std::move(text));
    static_cast<void>(sent);
  }

  Loop& loop_;
  http::FunctionHandler handler_;
  http::Server server_;
};

class FrontTest : public ::testing::Test {
 protected:
  static Workload Usual() {
    Workload workload{.uid = "uid-1", .port = 20'000, .limits = {}, .most_waiting = 2};
    workload.limits.timeout = seconds(5);
    workload.limits.request = 1_KiB;
    return workload;
  }

  // Nobody may be left waiting when front and loop go.
  void TearDown() override {
    harness_.clock.Advance(seconds(60));
    EXPECT_TRUE(harness_.RunUntil([&] { return front_.demand().running == 0; }));
  }

  bool Waits(std::uint32_t count) {
    return harness_.RunUntil([&] { return front_.demand().waiting == count; });
  }

  http::ServerHarness harness_{
      [this](http::Exchange& exchange) { return front_.Handle(exchange); }};
  int wanted_ = 0;
  Front front_{harness_.loop, harness_.clock, Usual(), [this] { ++wanted_; }};
};

constexpr const char* kGet = "GET /a?b HTTP/1.1\r\nHost: web.shop\r\n\r\n";

TEST_F(FrontTest, ARequestGoesToAPodWithoutWhatItsClientMayNotSay) {
  FakePod pod(harness_.loop, harness_.clock);
  front_.SetPods({pod.address});
  RawClient client(harness_);
  client.Send(
      "GET /a?b HTTP/1.1\r\nHost: web.shop\r\nX-Forwarded-For: 10.9.9.9\r\nForwarded: for=x\r\n"
      "Connection: keep-alive, X-Secret\r\nX-Secret: 1\r\nX-Kept: yes\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("X-Kept: yes"));
  const std::string& said = client.received();
  EXPECT_THAT(said, HasSubstr("GET /a?b\n"));
  EXPECT_THAT(said, HasSubstr("Host: web.shop\n"));
  EXPECT_THAT(said, HasSubstr("X-Forwarded-For: 127.0.0.1\n"));
  for (const char* hidden : {"10.9.9.9", "for=x", "X-Secret"})
    EXPECT_THAT(said, Not(HasSubstr(hidden)));
  EXPECT_EQ(wanted_, 0);
}

TEST_F(FrontTest, WhoComesBeforeThereIsAPodWaitsForIt) {
  RawClient client(harness_);
  client.Send(kGet);
  ASSERT_TRUE(Waits(1));
  EXPECT_EQ(wanted_, 1);
  EXPECT_EQ(front_.demand().running, 1U);
  FakePod pod(harness_.loop, harness_.clock);
  front_.SetPods({pod.address});
  EXPECT_TRUE(client.ReadUntil("GET /a?b"));
  EXPECT_TRUE(Waits(0));
  EXPECT_TRUE(harness_.RunUntil([&] { return front_.demand().running == 0; }));
}

TEST_F(FrontTest, WhoHasWaitedForItsTimeIsToldToComeAgain) {
  RawClient client(harness_);
  client.Send(kGet);
  ASSERT_TRUE(Waits(1));
  harness_.clock.Advance(seconds(6));
  ASSERT_TRUE(client.ReadUntil("no-pod-in-time"));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(client.received(), HasSubstr("Retry-After: 1"));
}

TEST_F(FrontTest, NoMoreWaitThanMay) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::uint32_t i = 1; i <= 2; ++i) {
    clients.push_back(std::make_unique<RawClient>(harness_));
    clients.back()->Send(kGet);
    ASSERT_TRUE(Waits(i));
  }
  EXPECT_EQ(wanted_, 1) << "the second adds nothing new";
  RawClient third(harness_);
  third.Send(kGet);
  ASSERT_TRUE(third.ReadUntil("too-busy"));
  EXPECT_THAT(third.received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(third.received(), HasSubstr("Retry-After: 1"));
}

TEST_F(FrontTest, WhoLeavesWaitsNoLonger) {
  {
    RawClient client(harness_);
    client.Send(kGet);
    ASSERT_TRUE(Waits(1));
    client.Close();
  }
  const TimePoint left = harness_.clock.Now();
  EXPECT_TRUE(harness_.RunUntil([&] {
    harness_.clock.Advance(milliseconds(1));
    return front_.demand().running == 0;
  }));
  EXPECT_LT(harness_.clock.Now() - left, seconds(5)) << "its time was over";
}

TEST_F(FrontTest, WhoWaitsAtOneThatIsClosedIsToldToComeAgain) {
  RawClient client(harness_);
  client.Send(kGet);
  ASSERT_TRUE(Waits(1));
  front_.Close();
  ASSERT_TRUE(client.ReadUntil("HTTP/1.1 503 "));
  EXPECT_THAT(client.received(), HasSubstr("Retry-After: 1"));
}

TEST_F(FrontTest, EachPodHasAsManyAtOnceAsTheLimitSaysAndTheNextAreRefused) {
  Workload workload = Usual();
  workload.limits.concurrency = 1;
  front_.Change(workload);
  FakePod one(harness_.loop, harness_.clock);
  FakePod other(harness_.loop, harness_.clock);
  one.may_answer = other.may_answer = false;
  front_.SetPods({one.address, other.address});
  RawClient first(harness_);
  first.Send(kGet);
  RawClient second(harness_);
  second.Send(kGet);
  ASSERT_TRUE(harness_.RunUntil([&] { return one.asked == 1 && other.asked == 1; }));
  RawClient third(harness_);
  third.Send(kGet);
  ASSERT_TRUE(third.ReadUntil("too-many-calls"));
  EXPECT_THAT(third.received(), HasSubstr("HTTP/1.1 429 "));
  one.may_answer = other.may_answer = true;
  EXPECT_TRUE(first.ReadUntil("GET /a?b"));
  EXPECT_TRUE(second.ReadUntil("GET /a?b"));
}

TEST_F(FrontTest, WhoHasWaitedForTheFirstPodIsHandedToItWhenItHasRoom) {
  Workload workload = Usual();
  workload.limits.concurrency = 1;
  front_.Change(workload);
  RawClient first(harness_);
  first.Send(kGet);
  RawClient second(harness_);
  second.Send(kGet);
  ASSERT_TRUE(Waits(2));
  FakePod pod(harness_.loop, harness_.clock);
  pod.may_answer = false;
  front_.SetPods({pod.address});
  ASSERT_TRUE(harness_.RunUntil([&] { return pod.asked == 1; }));
  harness_.Settle();
  EXPECT_EQ(pod.asked, 1);
  EXPECT_TRUE(Waits(1));
  pod.may_answer = true;
  EXPECT_TRUE(first.ReadUntil("GET /a?b"));
  EXPECT_TRUE(second.ReadUntil("GET /a?b"));
}

TEST_F(FrontTest, ABodyOverTheLimitIsRefused) {
  FakePod pod(harness_.loop, harness_.clock);
  front_.SetPods({pod.address});
  RawClient client(harness_);
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("HTTP/1.1 413 "));
  EXPECT_EQ(pod.asked, 0);
}

TEST_F(FrontTest, APodThatCannotBeReachedIsPassedOver) {
  http::TcpAddress nobody;
  {
    const auto closed = http::ListenTcp(http::TcpAddress{});
    nobody.port = http::LocalPort(*closed).value();
  }
  FakePod pod(harness_.loop, harness_.clock);
  front_.SetPods({nobody, pod.address});
  RawClient client(harness_);
  client.Send(kGet);
  EXPECT_TRUE(client.ReadUntil("GET /a?b"));
  EXPECT_EQ(pod.asked, 1);
}

TEST_F(FrontTest, APodThatIsToGoFinishesWhatItHasAndGetsNothingMore) {
  FakePod old(harness_.loop, harness_.clock);
  FakePod young(harness_.loop, harness_.clock);
  old.may_answer = false;
  front_.SetPods({old.address});
  RawClient first(harness_);
  first.Send(kGet);
  ASSERT_TRUE(harness_.RunUntil([&] { return old.asked == 1; }));
  front_.SetPods({young.address});
  RawClient second(harness_);
  second.Send(kGet);
  EXPECT_TRUE(second.ReadUntil("GET /a?b"));
  EXPECT_EQ(old.asked, 1);
  old.may_answer = true;
  EXPECT_TRUE(first.ReadUntil("GET /a?b"));
}

TEST_F(FrontTest, APodThatComesBackStillHasWhatItHas) {
  Workload workload = Usual();
  workload.limits.concurrency = 1;
  front_.Change(workload);
  FakePod pod(harness_.loop, harness_.clock);
  pod.may_answer = false;
  front_.SetPods({pod.address});
  RawClient first(harness_);
  first.Send(kGet);
  ASSERT_TRUE(harness_.RunUntil([&] { return pod.asked == 1; }));
  front_.SetPods({});
  front_.SetPods({pod.address});
  RawClient second(harness_);
  second.Send(kGet);
  EXPECT_TRUE(second.ReadUntil("too-many-calls"));
  pod.may_answer = true;
  EXPECT_TRUE(first.ReadUntil("GET /a?b"));
  RawClient third(harness_);
  third.Send(kGet);
  EXPECT_TRUE(third.ReadUntil("GET /a?b"));
}

TEST_F(FrontTest, TheOneWithFewerRequestsIsNext) {
  FakePod one(harness_.loop, harness_.clock);
  FakePod other(harness_.loop, harness_.clock);
  one.may_answer = other.may_answer = false;
  front_.SetPods({one.address, other.address});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 1; i <= 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(harness_));
    clients.back()->Send(kGet);
    ASSERT_TRUE(harness_.RunUntil([&] { return one.asked + other.asked == i; }));
  }
  EXPECT_EQ(one.asked, 2);
  EXPECT_EQ(other.asked, 2);
  one.may_answer = other.may_answer = true;
  for (const auto& client : clients) EXPECT_TRUE(client->ReadUntil("GET /a?b"));
}

TEST_F(FrontTest, APodThatHangsUpIsTold) {
  auto listener = http::ListenTcp(http::TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  front_.SetPods({{"127.0.0.1", http::LocalPort(*listener).value()}});
  RawClient client(harness_);
  client.Send(kGet);
  Fd accepted;
  ASSERT_TRUE(harness_.RunUntil([&] {
    accepted = Fd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    return accepted.valid();
  }));
  accepted = Fd();
  ASSERT_TRUE(client.ReadUntil("pod-lost"));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 502 "));
}

}  // namespace
}  // namespace strata::kube::activator
