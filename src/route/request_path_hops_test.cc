// What a request path does beside its own calls: it hands them on, is handed some, copies some, and
// writes down what led each to where it ran.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "route/answer/answer.h"
#include "route/instances.h"
#include "route/request_path.h"
#include "route/test_support.h"

namespace strata::route {
namespace {

// ---- hops ---------------------------------------------------------------------------------------

// Another process, played by the test.
class TestHop final : public Hop {
 public:
  Awaitable<std::optional<http::Problem>> HandOn(const FunctionSpec& function, const Handed& handed,
                                                 http::Exchange&,
                                                 http::ResponseSink& sink) override {
    led_by = handed.led_by;
    handed_on.push_back(function.tenant + "/" + function.name);
    if (problem) co_return problem;
    (void)sink.Head({.status = 204, .headers = {}});
    co_return std::nullopt;
  }
  std::vector<std::string> handed_on;
  std::optional<http::Problem> problem;
  meter::LedBy led_by = meter::LedBy::kTraffic;  // the last
};

class HopTest : public RequestPathTest {
 protected:
  HopTest() { ports_.hop = &hop_; }
  static FunctionSpec Elsewhere(const std::string& name) {
    FunctionSpec spec = Spec(name);
    spec.module.clear();
    return spec;
  }
  TestHop hop_;
};

TEST_F(HopTest, AFunctionThatRunsElsewhereIsHandedOnAndWrittenDownThere) {
  Serve({Elsewhere("away"), Spec("hello")});
  EXPECT_EQ(Get("/away").exchange.response_sink.status(), 204);
  EXPECT_EQ(hop_.handed_on, std::vector<std::string>{"shop/away"});
  EXPECT_TRUE(test_ports_.records.empty());
  EXPECT_EQ(Get("/hello").exchange.response_sink.status(), 200);
  EXPECT_EQ(test_ports_.records.size(), 1u);
}

TEST_F(HopTest, WhatNobodyAnsweredIsToldAndWrittenDownHere) {
  Serve({Elsewhere("away")});
  hop_.problem = http::ProblemOf(502, "cell-lost", "gone");
  EXPECT_EQ(Get("/away").exchange.response_sink.status(), 502);
  ASSERT_EQ(test_ports_.records.size(), 1u);
  EXPECT_EQ(test_ports_.records[0].status, 502);
  EXPECT_EQ(test_ports_.records[0].revision, 0u);
  EXPECT_EQ(test_ports_.records[0].sandbox, meter::SandboxCame::kNone);
  hop_.problem = http::ProblemOf(503, kTooBusy, "too many wait");
  EXPECT_EQ(Get("/away").exchange.response_sink.status(), 503);
  EXPECT_EQ(test_ports_.records.at(1).sandbox, meter::SandboxCame::kBusy) << "it is load";
  Client left(loop_, "/away");
  left.exchange.gone = true;
  Run(left);
  EXPECT_EQ(test_ports_.records.at(2).status, 0U);
}

TEST_F(HopTest, WhatLedACallGoesAlong) {
  PlanSpec spec;
  spec.functions = {Elsewhere("away")};
  spec.rules = {{"*", "/", {}, {{0, 1, true}}}};
  path_.SwitchTo(*Plan::Build(spec, nullptr, ports_));
  EXPECT_EQ(Get("/").exchange.response_sink.status(), 204);
  EXPECT_EQ(hop_.led_by, meter::LedBy::kForm);
}

TEST_F(HopTest, WhatPolicyDeniesIsNotHandedOn) {
  Serve({Elsewhere("away")});
  test_ports_.deny = true;
  EXPECT_EQ(Get("/away").exchange.response_sink.status(), 403);
  EXPECT_TRUE(hop_.handed_on.empty());
}

// The other end of a hop: the call is served as if it had come when the front got it.
TEST_F(RequestPathTest, ACallThatIsHandedOverKeepsItsTraceAgeAndClient) {
  Serve({Spec("hello")});
  Client client(loop_, "/hello");
  RequestPath::HandedOver request;
  request.tenant = "shop";
  request.function = "hello";
  request.call.start = test_ports_.clock.Now() - std::chrono::seconds(2);
  request.call.trace.trace_id[0] = std::byte{7};
  request.call.trace.sampling = telemetry::Sampling::kRecord;
  request.call.parent[0] = std::byte{9};
  request.peer = "192.0.2.7:5000";
  request.scheme = "http";
  bool done = false;
  Spawn(loop_, Await(path_.HandleHanded(client.exchange, request), done));
  loop_.run();
  ASSERT_TRUE(done);
  EXPECT_EQ(client.exchange.response_sink.text(), "hello");
  ASSERT_EQ(test_ports_.records.size(), 1u);
  EXPECT_GE(test_ports_.records[0].queue_ns, 2'000'000'000u);
  EXPECT_EQ(test_ports_.records[0].trace_id[0], 7);
  ASSERT_EQ(test_ports_.spans.size(), 1u);
  EXPECT_EQ(test_ports_.spans[0].parent_id, request.call.parent);
}

TEST_F(RequestPathTest, ARecordSaysWhatLedItsCallToThatForm) {
  PlanSpec spec;
  spec.functions = {Spec("hello"), Spec("echo")};
  spec.rules = {{"*", "/share", {}, {{0, 1}}}, {"*", "/form", {}, {{0, 1, true}}}};
  path_.SwitchTo(*Plan::Build(spec, nullptr, ports_));
  Get("/share");
  Get("/form");
  Client direct(loop_, "/");
  bool done = false;
  Spawn(loop_,
        Await(path_.HandleDirect(direct.exchange, {path_.plan()->functions()[0], {}, "/", {}}),
              done));
  Client addressed(loop_, "/");
  const auto sandbox = std::make_shared<InstanceSet>(loop_, 1);
  bool gone = false;
  Spawn(loop_, Await(path_.HandleDirect(addressed.exchange,
                                        {path_.plan()->functions()[0], sandbox, "/", {}}),
                     gone));
  Client client(loop_, "/");
  RequestPath::HandedOver request;
  request.tenant = "shop";
  request.function = "hello";
  request.call.start = test_ports_.clock.Now();
  request.call.led_by = meter::LedBy::kCopy;
  bool handed = false;
  loop_.restart();
  loop_.run();
  Spawn(loop_, Await(path_.HandleHanded(client.exchange, request), handed));
  loop_.restart();
  loop_.run();
  ASSERT_TRUE(done && gone && handed);
  std::vector<meter::LedBy> led;
  for (const meter::CallRecord& record : test_ports_.records) led.push_back(record.led_by);
  using enum meter::LedBy;
  EXPECT_EQ(led, (std::vector<meter::LedBy>{kTraffic, kForm, kName, kForm, kCopy}));
}

class MirroredRequestTest : public RequestPathTest {
 protected:
  // What `module` is asked is also sent to `mirror`, which "/mirror" leads to.
  void ServeMirrored(const std::string& module, FunctionSpec mirror, std::uint32_t percent = 100) {
    PlanSpec spec;
    spec.generation = 1;
    spec.functions = {Spec(module), std::move(mirror)};
    spec.functions[1].target = "@2";
    Rule rule{"*", "/", {}, {{0, 1}}};
    rule.mirror = Mirror{1, percent};
    spec.rules = {rule, {"*", "/mirror", {}, {{1, 1}}}};
    path_.SwitchTo(*Plan::Build(spec, nullptr, ports_));
  }
  void ServeMirrored(const std::string& module, const std::string& mirror,
                     std::uint32_t percent = 100) {
    ServeMirrored(module, Spec(mirror), percent);
  }
  // The answer, once the copy has been run too.
  std::string Answered(Client& client) {
    Run(client);
    loop_.restart();
    loop_.run();
    return client.exchange.response_sink.text();
  }
  meter::MirrorOutcome outcome() const {
    EXPECT_EQ(test_ports_.mirrored.size(), 1U);
    return static_cast<meter::MirrorOutcome>(test_ports_.mirrored.at(0).outcome);
  }
  [[nodiscard]] std::ptrdiff_t Count(meter::MirrorOutcome outcome) const {
    return std::ranges::count(test_ports_.mirrored, static_cast<std::uint32_t>(outcome),
                              &meter::MirrorRecord::outcome);
  }
};

TEST_F(MirroredRequestTest, TheSameAnswerIsSeenAndDropped) {
  ServeMirrored("hello", "hello");
  Client client(loop_, "/x?y=1");
  EXPECT_EQ(Answered(client), "hello");
  EXPECT_EQ(outcome(), meter::MirrorOutcome::kSame);
  EXPECT_EQ(test_ports_.mirrored[0].function, 1U);
  ASSERT_EQ(test_ports_.records.size(), 2U);
  EXPECT_EQ(test_ports_.records[0].revision, 0U);
  EXPECT_EQ(test_ports_.records[1].revision, 1U);
  EXPECT_EQ(test_ports_.records[0].led_by, meter::LedBy::kTraffic);
  EXPECT_EQ(test_ports_.records[1].led_by, meter::LedBy::kCopy);
}

TEST_F(MirroredRequestTest, ACopyThatFailsIsADifferenceAndNothingElse) {
  ServeMirrored("hello", "trap");
  Client client(loop_, "/x");
  EXPECT_EQ(Answered(client), "hello");
  EXPECT_EQ(outcome(), meter::MirrorOutcome::kDifferent);
}

TEST_F(MirroredRequestTest, TheBodyGoesAlong) {
  ServeMirrored("echo", "echo");
  Client client(loop_, "/x", "POST");
  client.exchange.body_source.Push("twice");
  EXPECT_EQ(Answered(client), "twice");
  EXPECT_EQ(outcome(), meter::MirrorOutcome::kSame);
}

TEST_F(MirroredRequestTest, ABodyThatTheGuestDidNotReadIsNotCopied) {
  ServeMirrored("hello", "hello");
  Client client(loop_, "/x", "POST");
  client.exchange.body_source.Push("unread");
  EXPECT_EQ(Answered(client), "hello");
  EXPECT_EQ(outcome(), meter::MirrorOutcome::kSkipped);
}

TEST_F(MirroredRequestTest, CopiesLeaveHalfOfWhatTheyAreSentToToCalls) {
  test_ports_.scripts["slow"] = R"({"do": "hello", "delay_ms": 50})";
  FunctionSpec function = Spec("slow");
  function.limits.concurrency = 2;
  FunctionSpec service = Spec("slow", true);  // one of four sandboxes serves a call
  for (const auto& [mirror, copies] : {std::pair{function, 1}, std::pair{service, 2}}) {
    test_ports_.mirrored.clear();
    ServeMirrored("hello", mirror);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(Get("/x").exchange.response_sink.text(), "hello");
    Client call(loop_, "/mirror");
    EXPECT_EQ(Answered(call), "hello");
    EXPECT_EQ(Count(meter::MirrorOutcome::kSame), copies);
    EXPECT_EQ(Count(meter::MirrorOutcome::kSkipped), 4 - copies);
  }
}

TEST_F(MirroredRequestTest, ACopyThatWasRefusedWhereItWasHandedOnIsSkipped) {
  test_ports_.scripts["full"] = R"({"do": "answer", "status": 429, "body": "no"})";
  ServeMirrored("hello", "full");
  Client client(loop_, "/x");
  EXPECT_EQ(Answered(client), "hello");
  EXPECT_EQ(outcome(), meter::MirrorOutcome::kSkipped);
}

TEST_F(MirroredRequestTest, AShareOfTheRequestsIsCopied) {
  ServeMirrored("hello", "hello", 10);
  for (int i = 0; i < 1000; ++i) {
    Client client(loop_, "/x");
    EXPECT_EQ(Answered(client), "hello");
  }
  EXPECT_NEAR(static_cast<double>(test_ports_.mirrored.size()), 100, 40);
}

TEST_F(RequestPathTest, ACallHandedOverForAFormThatIsNotHereAnyMoreGetsTheCurrentOne) {
  FunctionSpec other = Spec("echo");
  other.name = "hello";
  other.target = "@2";
  PlanSpec spec;
  spec.functions = {Spec("hello"), other};
  path_.SwitchTo(*Plan::Build(spec, nullptr, ports_));
  const auto answer = [this](std::string_view target) {
    Client client(loop_, "/hello");
    RequestPath::HandedOver request;
    request.tenant = "shop";
    request.function = "hello";
    request.target = target;
    request.call.start = test_ports_.clock.Now();
    bool done = false;
    Spawn(loop_, Await(path_.HandleHanded(client.exchange, request), done));
    loop_.restart();
    loop_.run();
    EXPECT_TRUE(done);
    return client.exchange.response_sink.text();
  };
  EXPECT_EQ(answer(""), "hello");
  EXPECT_EQ(answer("@2"), "");  // an echo of no body
  EXPECT_EQ(answer("@1"), "hello");
}

TEST_F(RequestPathTest, ACallHandedOverForAFunctionThatIsNotHereIsToldToComeAgain) {
  Serve({Spec("hello")});
  Client client(loop_, "/hello");
  RequestPath::HandedOver request;
  request.tenant = "blog";
  request.function = "hello";
  request.call.start = test_ports_.clock.Now();
  bool done = false;
  Spawn(loop_, Await(path_.HandleHanded(client.exchange, request), done));
  loop_.run();
  EXPECT_EQ(client.exchange.response_sink.status(), 503);
  EXPECT_EQ(client.exchange.response_sink.header("Retry-After"), "1");
  EXPECT_EQ(ProblemType(client), "urn:strata:problem:not-served");
}

}  // namespace
}  // namespace strata::route
