#include "kube/controller/controller.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/exchange_io.h"
#include "kube/activation.h"
#include "kube/test_support.h"

namespace strata::kube::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kServices = "/apis/strata.dev/v1alpha1/services";
constexpr const char* kDeployments = "/apis/apps/v1/deployments";
constexpr const char* kWeb = "/apis/apps/v1/namespaces/shop/deployments/web";
constexpr const char* kBefore = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/before";

Json ServiceOf(const std::string& name, const Json& spec, const Json& status) {
  return {{"apiVersion", "strata.dev/v1alpha1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"uid", "uid-" + name},
            {"generation", 1},
            {"resourceVersion", "1"},
            {"finalizers", Json::array({kFinalizer})}}},
          {"spec", spec},
          {"status", status}};
}

// With an API server that has a Service whose replicas follow its load, another one before it by
// name, and an activator. It takes what is applied, and forgets it.
class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() {
    http_.clock.Advance(seconds(1'000));
    std::ofstream(token_) << "a.b.c";
    auto listener = http::ListenTcp({OurHost(), kDemandPort});
    if (!listener || !activator_.Adopt(*std::move(listener))) std::abort();
    Spawn(http_.loop, controller_.Run());
  }
  ~ControllerTest() override { api_.Close(); }

  // Follows its load.
  static Json Web() {
    return ServiceOf(
        "web", {{"artifact", "oci://registry.example/web:1"}, {"scale", {{"min", 0}, {"max", 3}}}},
        {{"observedGeneration", 1}, {"activator", {{"port", kFirstPort}}}});
  }
  static Json Simple(const std::string& name) {
    return ServiceOf(name, {{"artifact", "oci://registry.example/web:1"}}, Json::object());
  }

  // All of one kind that there are at first.
  static Json ItemsAt(std::string_view target) {
    if (target.starts_with("/apis/strata.dev/v1alpha1/services?")) {
      return Json::array({Simple("before"), Web()});
    }
    if (target.starts_with("/api/v1/nodes?")) {
      return Json::parse(R"([{"metadata":{"name":"n","labels":{"strata.dev/container":"true"}}}])");
    }
    if (target.starts_with("/apis/apps/v1/deployments?")) {
      return Json::parse(R"([{"metadata":{"namespace":"shop","name":"web","ownerReferences":[)"
                         R"({"uid":"uid-web","controller":true}]},"spec":{"replicas":0}}])");
    }
    if (target.starts_with("/apis/discovery.k8s.io/v1/namespaces/strata-system/endpointslices?")) {
      return Json::array({{{"metadata", {{"name", "strata-activator-1"}}},
                           {"endpoints", Json::array({{{"addresses", {OurHost()}}}})}}});
    }
    return Json::array();
  }

  Awaitable<void> AnswerAsApiServer(http::Exchange& exchange) {
    const std::string target(exchange.head().target);
    Timer timer(http_.loop.get_executor());
    std::string body = "{}";
    std::uint16_t status = 200;
    if (target.find("watch=true") != std::string::npos) {
      std::string& events = events_[target.substr(0, target.find('?'))];
      while (events.empty()) {
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(kAwait);
      }
      body = std::exchange(events, {});
    } else if (exchange.head().method == "GET") {
      body =
          DumpJson({{"kind", "ThingList"},
                    {"apiVersion",
                     target.starts_with("/apis/strata.dev/") ? "strata.dev/v1alpha1" : "apps/v1"},
                    {"metadata", {{"resourceVersion", "1"}}},
                    {"items", ItemsAt(target)}});
      // The list says of what kind its items are.
      if (target.starts_with("/apis/strata.dev/v1alpha1/services?")) {
        body.replace(body.find("ThingList"), 9, "ServiceList");
      }
      if (target.starts_with("/apis/apps/v1/deployments?")) {
        body.replace(body.find("ThingList"), 9, "DeploymentList");
      }
    } else {
      auto read = co_await http::ReadAll(exchange, 1_MiB);
      written_.push_back(target.substr(0, target.find('?')) + " " + (read ? *read : ""));
      if (read && !target.ends_with("/status")) body = *read;
      if (overrides_ && target.starts_with(kWeb)) {
        Json object = *ParseJson(body);
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror.example/web:1";
        body = DumpJson(object);
        Tell(kDeployments, object);
      }
      if (target.starts_with("/api/v1/namespaces/shop/events/")) status = event_status_;
      if (refuses_ && target.starts_with(kBefore)) {
        status = 403;
        body = R"({"message":"denied, for the time of )" + std::to_string(++refused_) + "\"}";
      }
      if (refuses_ && target.find("/services/before/status") != std::string::npos) {
        Tell(kServices, Simple("before"));
      }
      const bool held = !holds_.empty() && target.find(holds_) != std::string::npos;
      held_ += held ? 1 : 0;
      while (held && !holds_.empty()) {
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(kAwait);
      }
    }
    auto sent = co_await http::Answer(exchange.sink(), status, "application/json", std::move(body));
    static_cast<void>(sent);
  }

  Awaitable<void> AnswerAsActivator(http::Exchange& exchange) {
    activator::DemandReport report{
        .instance = "i", .at = seconds(++asked_), .wanted = 0, .workloads = {}};
    if (waits_) report.workloads = {{.uid = "uid-web", .running = 1, .waiting = 1}};
    auto sent = co_await http::Answer(exchange.sink(), 200, "application/json",
                                      DumpJson(activator::DemandToJson(report)));
    static_cast<void>(sent);
  }

  // The watch of what is at this path tells it.
  void Tell(const char* path, const Json& object) {
    events_[path] += R"({"type":"MODIFIED","object":)" + DumpJson(object) + "}\n";
  }

  // How often something was written at this path.
  [[nodiscard]] std::ptrdiff_t TimesWritten(std::string_view path) const {
    return std::ranges::count_if(
        written_, [path](const std::string& each) { return each.starts_with(path); });
  }

  // A request that writes at this path and says that; none yet: what comes is waited for.
  bool Writes(std::string_view path, std::string_view said) {
    return http_.RunUntil([&] {
      return std::ranges::any_of(written_, [&](const std::string& each) {
        return each.starts_with(path) && each.find(said) != std::string::npos;
      });
    });
  }

  std::vector<std::string> written_;
  std::map<std::string, std::string> events_;  // by the path that is watched
  std::uint16_t event_status_ = 200;
  bool overrides_ = false;  // a field of what is applied
  bool refuses_ = false;    // with another message each time
  int refused_ = 0;
  std::string holds_;  // in the path of what is written and not answered yet
  int held_ = 0;
  bool waits_ = false;
  int asked_ = 0;
  ApiServer api_{[this](http::Exchange& exchange) { return AnswerAsApiServer(exchange); }};
  http::ServerHarness& http_ = api_.http;
  http::FunctionHandler handler_{
      [this](http::Exchange& exchange) { return AnswerAsActivator(exchange); }};
  http::Server activator_{http_.loop, http::TestConfig(), handler_, http_.clock};
  std::string token_ = api_.pki.folder.File("token");
  ApiClient client_{http_.loop, api_.access()};
  Controller controller_{http_.loop,
                         client_,
                         http_.clock,
                         telemetry::Logger(),
                         {.space = "strata-system", .token = token_}};
};

TEST_F(ControllerTest, WhatIsToHaveMoreReplicasDoesNotWaitForOtherChanges) {
  ASSERT_TRUE(Writes(kWeb, "\"replicas\":0"));
  written_.clear();
  holds_ = "/before-";
  for (int i = 0; i <= Controller::kAtOnce; ++i)
    Tell(kServices, Simple("before-" + std::to_string(i)));
  ASSERT_TRUE(http_.RunUntil([&] { return held_ == Controller::kAtOnce; }));
  waits_ = true;
  EXPECT_TRUE(Writes(kWeb, "\"replicas\":1"));
  EXPECT_EQ(held_, Controller::kAtOnce) << "the last one waits its turn";
  holds_.clear();
}

TEST_F(ControllerTest, ASlowOneDoesNotHoldUpOthersHoweverOftenItChanges) {
  holds_ = "/before";
  ASSERT_TRUE(Writes(kWeb, "\"replicas\":0"));
  ASSERT_TRUE(Writes(kBefore, ""));
  for (int i = 0; i < 2 * Controller::kAtOnce; ++i) Tell(kServices, Simple("before"));
  Tell(kServices, Simple("other"));
  EXPECT_TRUE(Writes("/apis/apps/v1/namespaces/shop/deployments/other", ""));
  EXPECT_EQ(TimesWritten(kBefore), 1) << "it is looked at already";
  holds_.clear();
  EXPECT_TRUE(http_.RunUntil([&] { return TimesWritten(kBefore) == 2; })) << "and once more";
}

TEST_F(ControllerTest, WhatOneMakesNowIsAnothersForAllOthers) {
  constexpr const char* kClaim = "/api/v1/namespaces/shop/persistentvolumeclaims/data.volume";
  holds_ = "data.volume";
  for (const char* name : {"one", "two"}) {
    Json service = Simple(name);
    service["spec"]["volumes"] =
        Json::array({{{"name", "d"}, {"named", {{"volume", "data"}, {"size_mib", 8}}}}});
    service["spec"]["mounts"] = Json::array({{{"volume", "d"}, {"mount", "/d"}}});
    Tell(kServices, service);
  }
  ASSERT_TRUE(Writes(kClaim, ""));
  EXPECT_TRUE(Writes("/apis/strata.dev/v1alpha1/namespaces/shop/services/", "Taken"));
  EXPECT_EQ(TimesWritten(kClaim), 1);
  holds_.clear();
}

// The status says it, which is told, and changes each time.
TEST_F(ControllerTest, ARefusalWithATimeInItIsTriedAgainAfterThePauseAlone) {
  refuses_ = true;
  ASSERT_TRUE(
      Writes("/apis/strata.dev/v1alpha1/namespaces/shop/services/before/status", "Refused"));
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(
      http_.RunUntil([&] { return std::chrono::steady_clock::now() - begin > milliseconds(300); }));
  EXPECT_EQ(refused_, 1);
  EXPECT_TRUE(http_.RunUntil([&] { return refused_ == 2; })) << "after the pause";
}

TEST_F(ControllerTest, WhatAWebhookSetsIsSaidAndNotAppliedAgainAtEveryLook) {
  constexpr const char* kStatus = "/apis/strata.dev/v1alpha1/namespaces/shop/services/web/status";
  overrides_ = true;
  ASSERT_TRUE(Writes(kStatus, "Overridden"));
  EXPECT_TRUE(Writes(kStatus, "Deployment web: spec.template.spec.containers[main].image"));
  EXPECT_EQ(TimesWritten(kWeb), 1);
  ASSERT_TRUE(http_.RunUntil([&] { return events_[kDeployments].empty(); }));
  http_.Settle();
  written_.clear();
  Tell(kServices, Web());  // whose status says nothing of it yet
  EXPECT_TRUE(Writes(kStatus, "Overridden"));
  EXPECT_EQ(TimesWritten(kWeb), 0);
}

TEST_F(ControllerTest, AnEventThatIsRefusedKeepsNothingElseFromBeingWritten) {
  event_status_ = 403;  // a quota
  ASSERT_TRUE(Writes("/api/v1/namespaces/shop/events/web.", ""));
  EXPECT_TRUE(Writes("/apis/strata.dev/v1alpha1/namespaces/shop/services/web/status", "\"Ready\""));
}

}  // namespace
}  // namespace strata::kube::controller
