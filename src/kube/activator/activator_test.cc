#include "kube/activator/activator.h"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/fd.h"
#include "http/exchange_io.h"
#include "http/test_support.h"
#include "kube/test_support.h"

namespace strata::kube::activator {
namespace {

using http::RawClient;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kPort = 20'001;
constexpr const char* kService =
    R"({"apiVersion":"strata.dev/v1alpha1","kind":"Service","metadata":{"namespace":"shop",)"
    R"("name":"web","uid":"uid-1","resourceVersion":"1"},"spec":{)"
    R"("artifact":"oci://registry.example/web:1","scale":{"min":0,"max":2},)"
    R"("limits":{"timeout_ms":30000}},"status":{"activator":{"port":20001}}})";
constexpr const char* kOperator = "system:serviceaccount:strata-system:strata-operator";
constexpr const char* kGet = "GET /a?b HTTP/1.1\r\nHost: web.shop\r\n\r\n";

std::string ListOf(const char* kind, std::string_view items) {
  return R"({"apiVersion":"v1","kind":")" + std::string(kind) +
         R"(","metadata":{"resourceVersion":"1"},"items":[)" + std::string(items) + "]}";
}

std::string Event(const char* type, std::string_view object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + std::string(object) + "}\n";
}

// A pod of it is ready there.
std::string SliceAt(const http::TcpAddress& pod) {
  return R"({"metadata":{"namespace":"shop","name":"web-pods-1","resourceVersion":"2",)"
         R"("labels":{"kubernetes.io/service-name":"web-pods"}},"ports":[{"name":"main","port":)" +
         std::to_string(pod.port) + R"(}],"endpoints":[{"addresses":[")" + pod.host + R"("]}]})";
}

// In front of one Service, with an API server that says of it what the test has it say.
class ActivatorTest : public ::testing::Test {
 protected:
  ActivatorTest() {
    auto own = http::ListenTcp(http::TcpAddress{});
    demand_port_ = http::LocalPort(*own).value();
    if (!demand_.Adopt(*std::move(own))) std::abort();
    Spawn(http_.loop, all_.Run());
  }
  ~ActivatorTest() override { api_.Close(); }

  Awaitable<void> Answer(http::Exchange& exchange) {
    const std::string target(exchange.head().target);
    const bool services = target.find("endpointslices") == std::string::npos;
    Timer timer(http_.loop.get_executor());
    std::string body;
    if (target.find("tokenreviews") != std::string::npos) {
      body = R"({"status":{"authenticated":true,"audiences":["strata-activator"],"user":{)"
             R"("username":")" +
             asks_ + R"("}}})";
    } else if (target.find("watch=true") != std::string::npos) {
      std::string& events = services ? service_events_ : slice_events_;
      while (events.empty()) {
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(kAwait);
      }
      body = std::exchange(events, {});
    } else {
      while (!services && !slices_may_be_read_) {
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(kAwait);
      }
      body = services ? ListOf("ServiceList", kService) : ListOf("EndpointSliceList", slices_);
      services_read_ = services_read_ || services;
    }
    auto sent = co_await http::Answer(exchange.sink(), 200, "application/json", std::move(body));
    static_cast<void>(sent);
  }

  std::unique_ptr<RawClient> Connect(const std::string& host, std::uint16_t port) {
    http_.address = {host, port};
    return std::make_unique<RawClient>(http_);
  }
  std::unique_ptr<RawClient> ToService(unsigned host = 0) { return Connect(OurHost(host), kPort); }
  // What it answers at its own port.
  std::string Says(const std::string& path,
                   const std::string& more = "Authorization: Bearer a.b.c\r\n") {
    const auto client = Connect("127.0.0.1", demand_port_);
    client->Send("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + more + "Connection: close\r\n\r\n");
    EXPECT_TRUE(client->ReadUntilClosed());
    return client->received();
  }
  bool BecomesReady() {
    return http_.RunUntil([&] { return Says("/ready").find("ready\n") != std::string::npos; });
  }
  bool Waits(int count) {
    const std::string what = "\"waiting\":" + std::to_string(count);
    return http_.RunUntil(
        [&] { return Says("/v1/demand?seen=999").find(what) != std::string::npos; });
  }

  std::string asks_ = kOperator;  // whose the API server says a token is
  bool slices_may_be_read_ = true;
  bool services_read_ = false;
  std::string slices_;
  std::string service_events_;
  std::string slice_events_;
  ApiServer api_{[this](http::Exchange& exchange) { return Answer(exchange); }};
  http::ServerHarness& http_ = api_.http;
  controller::ApiClient client_{http_.loop, api_.access()};
  Activator all_{http_.loop,
                 client_,
                 http_.clock,
                 telemetry::Logger(),
                 {.hosts = {OurHost(0), OurHost(1)}, .instance = "one", .reader = kOperator}};
  http::Server demand_{http_.loop, http::TestConfig(), all_, http_.clock};
  std::uint16_t demand_port_ = 0;
};

TEST_F(ActivatorTest, WhoIsReadyListens) {
  slices_may_be_read_ = false;
  slices_ = SliceAt({"127.0.0.1", 1});
  ASSERT_TRUE(http_.RunUntil([&] { return services_read_; }));
  EXPECT_EQ(Says("/ready").find(" 200 "), std::string::npos);
  slices_may_be_read_ = true;
  ASSERT_TRUE(BecomesReady());
  for (const unsigned host : {0, 1}) ToService(host);  // which aborts where nobody listens
}

TEST_F(ActivatorTest, APortThatIsAnothersAtOneHostIsHadAtTheOtherAndTriedAgain) {
  slices_may_be_read_ = false;
  auto others = http::ListenTcp({OurHost(1), kPort});
  ASSERT_TRUE(others.has_value());
  slices_may_be_read_ = true;
  ASSERT_TRUE(BecomesReady());
  ToService(0);
  others->Reset();
  EXPECT_TRUE(http_.RunUntil([] { return !http::ListenTcp({OurHost(1), kPort}).has_value(); }));
  ToService(1);
}

TEST(AllHostsTest, AreOneOfEachFamilyAndCanBeListenedAtTogether) {
  const auto hosts = AllHosts();
  const bool has_v6 = Fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).valid();
  ASSERT_EQ(hosts.size(), has_v6 ? 2U : 1U);
  std::vector<Fd> listeners;
  std::uint16_t port = 0;
  for (const std::string& host : hosts) {
    auto listener = http::ListenTcp({host, port});
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    port = http::LocalPort(*listener).value();
    listeners.push_back(*std::move(listener));
  }
}

TEST_F(ActivatorTest, TheOperatorAloneIsToldHowMuchThereIsToDo) {
  ASSERT_TRUE(BecomesReady());
  EXPECT_NE(Says("/ready", "").find(" 200 "), std::string::npos);
  for (const char* path : {"/v1/demand?seen=999", "/v1/demand"}) {
    EXPECT_NE(Says(path, "").find("HTTP/1.1 401 "), std::string::npos);
    asks_ = "system:serviceaccount:shop:default";
    const std::string refused = Says(path, "Authorization: Bearer d.e.f\r\n");
    EXPECT_NE(refused.find("HTTP/1.1 403 "), std::string::npos) << refused;
    EXPECT_EQ(refused.find("instance"), std::string::npos) << refused;
  }
  asks_ = kOperator;
  EXPECT_NE(Says("/v1/demand?seen=999").find("\"instance\":\"one\""), std::string::npos);
}

TEST_F(ActivatorTest, WhoComesToOneThatIsLeftIsToldToComeAgain) {
  ASSERT_TRUE(BecomesReady());
  const auto waits = ToService();
  waits->Send(kGet);
  ASSERT_TRUE(Waits(1));
  const auto silent = ToService();
  http_.Settle();
  service_events_ = Event("DELETED", kService);
  EXPECT_TRUE(waits->ReadUntil("HTTP/1.1 503 "));
  silent->Send(kGet);
  EXPECT_TRUE(silent->ReadUntil("HTTP/1.1 503 "));
  EXPECT_NE(silent->received().find("Retry-After: 1"), std::string::npos);
}

TEST_F(ActivatorTest, WhoWaitsAtOneThatEndsIsCountedAndGetsAPod) {
  ASSERT_TRUE(BecomesReady());
  const auto client = ToService();
  client->Send(kGet);
  ASSERT_TRUE(Waits(1));
  Spawn(http_.loop, all_.Drain(http_.clock.Now() + seconds(30)));
  EXPECT_TRUE(http_.RunUntil([&] { return Says("/ready").find(" 503 ") != std::string::npos; }));
  EXPECT_TRUE(Waits(1));
  http::FunctionHandler hello(http::SayHello);
  http::Server pod(http_.loop, http::TestConfig(), hello, http_.clock);
  auto listener = http::ListenTcp(http::TcpAddress{});
  ASSERT_TRUE(listener.has_value());
  slice_events_ = Event("ADDED", SliceAt({"127.0.0.1", http::LocalPort(*listener).value()}));
  ASSERT_TRUE(pod.Adopt(*std::move(listener)).has_value());
  EXPECT_TRUE(client->ReadUntil("hello\n"));
}

}  // namespace
}  // namespace strata::kube::activator
