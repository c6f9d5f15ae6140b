#include "kube/controller/scale/activators.h"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/exchange_io.h"
#include "kube/activation.h"
#include "kube/test_support.h"

namespace strata::kube::controller {
namespace {

using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// One activator at an address of ours, and an API server that knows of it.
class ActivatorsTest : public ::testing::Test {
 protected:
  ActivatorsTest() {
    std::ofstream(token_) << "a.b.c\n";
    auto listener = http::ListenTcp({OurHost(), kDemandPort});
    if (!listener || !activator_.Adopt(*std::move(listener))) std::abort();
    Spawn(http_.loop, all_.Run());
  }
  ~ActivatorsTest() override { api_.Close(); }

  Awaitable<void> AnswerAsApiServer(http::Exchange& exchange) {
    Timer timer(http_.loop.get_executor());
    while (exchange.head().target.find("watch=true") != std::string_view::npos) {
      timer.expires_after(milliseconds(1));
      co_await timer.async_wait(kAwait);
    }
    std::string body =
        R"({"kind":"EndpointSliceList","metadata":{"resourceVersion":"1"},"items":[{"metadata":)"
        R"({"namespace":"strata-system","name":"strata-activator-1"},"addressType":"IPv4",)"
        R"("endpoints":[{"addresses":[")" +
        OurHost() + R"("],"conditions":{"ready":true}}]}]})";
    auto sent = co_await http::Answer(exchange.sink(), 200, "application/json", std::move(body));
    static_cast<void>(sent);
  }

  // Somebody has begun to wait each time that it is asked.
  Awaitable<void> AnswerAsActivator(http::Exchange& exchange) {
    asked_.emplace_back(exchange.head().target);
    said_.emplace_back(http::FindHeader(exchange.head().headers, "Authorization").value_or(""));
    const activator::DemandReport report{.instance = "i",
                                         .at = milliseconds(asked_.size()),
                                         .wanted = asked_.size(),
                                         .workloads = {}};
    std::string body = status_ == 200 ? DumpJson(activator::DemandToJson(report)) : "{}";
    auto sent =
        co_await http::Answer(exchange.sink(), status_, "application/json", std::move(body));
    static_cast<void>(sent);
  }

  // The loop, for so long.
  void Pass(milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    ASSERT_TRUE(http_.RunUntil([&] { return std::chrono::steady_clock::now() >= end; }));
  }

  std::uint16_t status_ = 200;
  std::vector<std::string> asked_;
  std::vector<std::string> said_;
  int heard_ = 0;
  ApiServer api_{[this](http::Exchange& exchange) { return AnswerAsApiServer(exchange); }};
  http::ServerHarness& http_ = api_.http;
  http::FunctionHandler handler_{
      [this](http::Exchange& exchange) { return AnswerAsActivator(exchange); }};
  http::Server activator_{http_.loop, http::TestConfig(), handler_, http_.clock};
  std::string token_ = api_.pki.folder.File("token");
  ApiClient client_{http_.loop, api_.access()};
  Activators all_{http_.loop,
                  client_,
                  {.space = "strata-system", .token = token_},
                  telemetry::Logger(),
                  [this](const std::string&, const activator::DemandReport&) { ++heard_; },
                  [] {}};
};

TEST_F(ActivatorsTest, EachIsAskedWithOurTokenForWhatIsNew) {
  ASSERT_TRUE(http_.RunUntil([&] { return heard_ == 2; }));
  EXPECT_EQ(asked_[0], "/v1/demand?seen=0");
  EXPECT_EQ(asked_[1], "/v1/demand?seen=1");
  EXPECT_THAT(said_, Each("Bearer a.b.c"));
  EXPECT_THAT(all_.ready(), ElementsAre(OurHost()));
}

TEST_F(ActivatorsTest, OneThatAlwaysHasSomethingNewIsNotAskedWithoutAPause) {
  ASSERT_TRUE(http_.RunUntil([&] { return heard_ > 0; }));
  asked_.clear();
  Pass(milliseconds(500));
  EXPECT_THAT(asked_, SizeIs(::testing::AllOf(::testing::Ge(1U), ::testing::Le(10U))));
}

TEST_F(ActivatorsTest, OneThatDoesNotAnswerIsAskedLessAndLess) {
  status_ = 503;
  ASSERT_TRUE(http_.RunUntil([&] { return !asked_.empty(); }));
  asked_.clear();
  Pass(milliseconds(1'000));
  EXPECT_THAT(asked_, SizeIs(::testing::Le(3U))) << "after 0.2, 0.4 and 0.8 seconds";
  EXPECT_EQ(heard_, 0);
}

TEST_F(ActivatorsTest, WithoutATokenNobodyIsAsked) {
  ASSERT_TRUE(http_.RunUntil([&] { return heard_ > 0; }));
  ASSERT_EQ(::unlink(token_.c_str()), 0);
  Pass(milliseconds(100));  // who was asked before it has answered by then
  asked_.clear();
  Pass(milliseconds(300));
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace strata::kube::controller
