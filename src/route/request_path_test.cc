#include "route/request_path.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "route/answer/answer.h"
#include "route/test_support.h"

namespace strata::route {
namespace {

using sandbox::testing::FakeExchange;

TEST_F(RequestPathTest, AnswersAndRecordsTheCall) {
  Serve({Spec("hello")});
  Client client = Get("/hello/world?x=1");
  EXPECT_EQ(client.exchange.response_sink.status(), 200);
  EXPECT_EQ(client.exchange.response_sink.text(), "hello");
  ASSERT_EQ(test_ports_.records.size(), 1u);
  const meter::CallRecord& record = test_ports_.records[0];
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.generation, 1u);
  EXPECT_EQ(record.revision, 0u);
  EXPECT_STREQ(record.method, "GET");
  EXPECT_STREQ(record.path, "/hello/world");
  EXPECT_EQ(record.bytes_out, 5u);
  EXPECT_EQ(record.exit, static_cast<std::uint8_t>(model::ExitReason::kReturned));
}

TEST_F(RequestPathTest, BeforeTheFirstConfigurationItIsStarting) {
  Client client = Get("/hello");
  EXPECT_EQ(client.exchange.response_sink.status(), 503);
  EXPECT_EQ(client.exchange.response_sink.header("Retry-After"), "1");
}

TEST_F(RequestPathTest, NoRouteIs404AndAnotherMethodIs405WithAllow) {
  Serve({Spec("hello")});
  EXPECT_EQ(Get("/nothing").exchange.response_sink.status(), 404);
  Client put(loop_, "/hello", "PUT");
  Run(put);
  EXPECT_EQ(put.exchange.response_sink.status(), 405);
  EXPECT_EQ(put.exchange.response_sink.header("Allow"), "GET, POST");
  ASSERT_EQ(test_ports_.records.size(), 2U) << "logged, but nobody's";
  EXPECT_EQ(test_ports_.records[0].revision, meter::kNoRevision);
  EXPECT_EQ(test_ports_.records[0].status, 404);
  EXPECT_EQ(test_ports_.records[1].revision, meter::kNoRevision);
}

TEST_F(RequestPathTest, WhatNobodyServesNowIsToldToComeAgain) {
  PlanSpec spec;
  spec.rules.push_back({.path = "/gone"});
  auto plan = Plan::Build(std::move(spec), nullptr, ports_);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  path_.SwitchTo(std::move(*plan));
  const Client client = Get("/gone/far");
  EXPECT_EQ(client.exchange.response_sink.status(), 503);
  EXPECT_EQ(client.exchange.response_sink.header("Retry-After"), "1");
  EXPECT_EQ(ProblemType(client), "urn:strata:problem:not-served");
  ASSERT_EQ(test_ports_.records.size(), 1U);
  EXPECT_EQ(test_ports_.records[0].revision, meter::kNoRevision);
  EXPECT_EQ(test_ports_.records[0].status, 503);
}

TEST_F(RequestPathTest, WhatIsRefusedForGoodIsNotToldToComeAgain) {
  PlanSpec spec;
  spec.rules.push_back({.path = "/never", .refused = true});
  auto plan = Plan::Build(std::move(spec), nullptr, ports_);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  path_.SwitchTo(std::move(*plan));
  const Client client = Get("/never");
  EXPECT_EQ(client.exchange.response_sink.status(), 503);
  EXPECT_EQ(client.exchange.response_sink.header("Retry-After"), "");
  EXPECT_EQ(ProblemType(client), "urn:strata:problem:not-served");
  EXPECT_TRUE(client.exchange.response_sink.text().contains("has to change it"));
}

TEST_F(RequestPathTest, AnAmbiguousPathIs400) {
  Serve({Spec("hello")});
  for (const char* target : {"/hello/../x", "/hello//x", "/hello/%2e%2e/x", "/hello%2fx"}) {
    EXPECT_EQ(Get(target).exchange.response_sink.status(), 400) << target;
  }
}

TEST_F(RequestPathTest, ImagesAreLoadedByTheFirstCallOnly) {
  Serve({Spec("hello"), Spec("echo")});
  EXPECT_EQ(test_ports_.loads, 0);
  Get("/hello");
  Get("/hello");
  EXPECT_EQ(test_ports_.loads, 1);
}

TEST_F(RequestPathTest, AnUnchangedFunctionIsTakenOverByTheNextPlan) {
  Serve({Spec("count", true)});
  Get("/count");
  Serve({Spec("hello"), Spec("count", true)});
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "2");
  EXPECT_EQ(test_ports_.loads, 1);
  EXPECT_EQ(test_ports_.records.back().generation, 2u);
  EXPECT_EQ(test_ports_.records.back().revision, 1u);
}

TEST_F(RequestPathTest, AFunctionIsFreshForEachCallAndAServiceIsNot) {
  Serve({Spec("count")});
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "1");
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "1");
  Serve({Spec("count", true)});
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "1");
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "2");
}

struct Fate {
  const char* module;
  std::uint16_t status;
  const char* type;
};

TEST_F(RequestPathTest, AGuestThatFailsIsAProblemThatNamesWhy) {
  FunctionSpec spin = Spec("spin");
  spin.limits.cpu_time = std::chrono::milliseconds(5);
  Serve({Spec("trap"), Spec("memory"), std::move(spin), Spec("broken"), Spec("absent")});
  for (const Fate& fate :
       {Fate{"trap", 502, "guest-failed"}, Fate{"memory", 502, "limit-memory"},
        Fate{"spin", 502, "limit-cpu-time"}, Fate{"broken", 500, "sandbox-failed"},
        Fate{"absent", 500, "sandbox-failed"}}) {
    Client client = Get(std::string("/") + fate.module);
    EXPECT_EQ(client.exchange.response_sink.status(), fate.status) << fate.module;
    EXPECT_TRUE(ProblemType(client).ends_with(fate.type)) << ProblemType(client);
    EXPECT_EQ(test_ports_.records.back().status, fate.status);
    EXPECT_EQ(meter::GuestRan(test_ports_.records.back()), fate.status == 502);
    EXPECT_FALSE(test_ports_.lines.empty()) << "the log must say why";
    test_ports_.lines.clear();
  }
}

TEST_F(RequestPathTest, AnAnswerThatBreaksOffIsRecordedAsThat) {
  test_ports_.scripts["large"] = R"({"do": "large", "bytes": 1000000})";
  FunctionSpec large = Spec("large");
  large.limits.response = Bytes::KiB(100);
  Serve({std::move(large), Spec("hello"), Spec("trap")});
  EXPECT_EQ(Get("/large").exchange.response_sink.status(), 200);
  EXPECT_EQ(test_ports_.records.back().status, 200);
  EXPECT_EQ(test_ports_.records.back().cut_off, 1);
  for (const char* whole : {"/hello", "/trap"}) {
    Get(whole);
    EXPECT_EQ(test_ports_.records.back().cut_off, 0) << whole;
  }
}

TEST_F(RequestPathTest, ASandboxThatIsLostWithItsHolderIsRecordedAsThat) {
  test_ports_.scripts["lose"] = R"({"do": "lose"})";
  for (const bool service : {false, true}) {
    Serve({Spec("lose", service), Spec("trap", service)});
    EXPECT_EQ(Get("/lose").exchange.response_sink.status(), 503);
    EXPECT_EQ(test_ports_.records.back().lost, 1);
    EXPECT_FALSE(meter::GuestRan(test_ports_.records.back()));
    EXPECT_EQ(Get("/trap").exchange.response_sink.status(), 502);
    EXPECT_EQ(test_ports_.records.back().lost, 0) << "the guest did that";
  }
}

TEST_F(RequestPathTest, ACallOverItsDeadlineIs504) {
  FunctionSpec spin = Spec("spin");
  spin.limits.timeout = std::chrono::milliseconds(5);
  Serve({std::move(spin)});
  Client client = Get("/spin");
  EXPECT_EQ(client.exchange.response_sink.status(), 504);
  EXPECT_EQ(test_ports_.records.back().exit,
            static_cast<std::uint8_t>(model::ExitReason::kStopped));
}

TEST_F(RequestPathTest, AServiceThatTrappedIsReplaced) {
  test_ports_.scripts["flaky"] = R"({"do": "trap"})";
  Serve({Spec("flaky", true)});
  EXPECT_EQ(Get("/flaky").exchange.response_sink.status(), 502);
  EXPECT_EQ(Get("/flaky").exchange.response_sink.status(), 502);
}

TEST_F(RequestPathTest, AWrongTypedCallLeavesTheSharedSandboxAsItWas) {
  Serve({Spec("count", true)});
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "1");
  Client wrong(loop_, "/count", "POST");
  bool done = false;
  RequestPath::Direct direct{path_.plan()->functions()[0], nullptr, "/", "no-such-export"};
  Spawn(loop_, Await(path_.HandleDirect(wrong.exchange, std::move(direct)), done));
  loop_.restart();
  while (!done && loop_.run_one() > 0) {
  }
  EXPECT_EQ(wrong.exchange.response_sink.status(), 501);
  EXPECT_EQ(wrong.exchange.response_sink.header(kAnsweredBy), "") << "no guest said so";
  EXPECT_FALSE(meter::TellsOfCallee(test_ports_.records.back())) << "its sandbox did nothing wrong";
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "2");
}

TEST_F(RequestPathTest, ACallThroughTheApiIsToldWhetherTheGuestAnswered) {
  test_ports_.scripts["refuses"] =
      R"({"do": "answer", "status": 400, "body": "no", "headers": {"content-type": "text/plain"}})";
  Serve({Spec("refuses"), Spec("trap")});
  const auto call = [&](std::size_t function) {
    Client client(loop_, "/", "POST");
    bool done = false;
    RequestPath::Direct direct{path_.plan()->functions()[function], nullptr, "/", ""};
    Spawn(loop_, Await(path_.HandleDirect(client.exchange, std::move(direct)), done));
    loop_.restart();
    while (!done && loop_.run_one() > 0) {
    }
    return client;
  };
  const Client refused = call(0);
  EXPECT_EQ(refused.exchange.response_sink.status(), 400);
  EXPECT_EQ(refused.exchange.response_sink.header(kAnsweredBy), "guest");
  const Client failed = call(1);
  EXPECT_EQ(failed.exchange.response_sink.status(), 502);
  EXPECT_EQ(failed.exchange.response_sink.header(kAnsweredBy), "");
  EXPECT_EQ(Get("/refuses").exchange.response_sink.header(kAnsweredBy), "") << "clients need none";
}

TEST_F(RequestPathTest, OverTheConcurrencyLimitIs429) {
  FunctionSpec echo = Spec("echo");
  echo.limits.concurrency = 1;
  Serve({std::move(echo)});
  // The first call waits for a body that does not end.
  FakeExchange waiting(loop_);
  waiting.request.method = "POST";
  waiting.request.target = waiting.request.path = "/echo";
  bool done = false;
  Spawn(loop_, Await(path_.Handle(waiting), done));
  loop_.restart();
  loop_.poll();
  ASSERT_FALSE(done);
  EXPECT_EQ(path_.in_flight(), 1u);

  Client second = Get("/echo");
  EXPECT_EQ(second.exchange.response_sink.status(), 429);
  EXPECT_EQ(second.exchange.response_sink.header("Retry-After"), "1");

  waiting.body_source.Push("x").End();
  loop_.restart();
  while (!done && loop_.run_one() > 0) {
  }
  EXPECT_EQ(waiting.response_sink.text(), "x");
  EXPECT_EQ(Get("/echo").exchange.response_sink.status(), 200);
  EXPECT_EQ(path_.in_flight(), 0u);
}

TEST_F(RequestPathTest, ADeniedRequestIs403AndRunsNothing) {
  Serve({Spec("hello")});
  test_ports_.deny = true;
  EXPECT_EQ(Get("/hello").exchange.response_sink.status(), 403);
  EXPECT_EQ(test_ports_.loads, 0);
}

TEST_F(RequestPathTest, NarrowedGrantsOfASharedSandboxAreRefusedNotIgnored) {
  FunctionSpec service = Spec("count", true);
  service.grants.http = {{"api.example.com", 443}};
  Serve({std::move(service)});
  test_ports_.narrow = true;
  EXPECT_EQ(Get("/count").exchange.response_sink.status(), 403);
}

TEST_F(RequestPathTest, AFullRingHoldsTheCallBack) {
  Serve({Spec("hello")});
  test_ports_.full = true;
  EXPECT_EQ(Get("/hello").exchange.response_sink.status(), 200);
  EXPECT_EQ(test_ports_.pushed_back, 1);
}

TEST_F(RequestPathTest, WithObservationOffNothingIsRecorded) {
  ObserveSpec off;
  off.access_log = off.metering = false;
  off.trace_ratio = 0;
  Serve({Spec("hello")}, off);
  Get("/hello");
  EXPECT_TRUE(test_ports_.records.empty());
  EXPECT_TRUE(test_ports_.spans.empty());
}

TEST_F(RequestPathTest, ASampledCallerGetsASpanInItsOwnTrace) {
  ObserveSpec observe;
  observe.trace_ratio = 0;
  Serve({Spec("hello")}, observe);
  Client client(loop_, "/hello");
  client.headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  Run(client);
  ASSERT_EQ(test_ports_.spans.size(), 1u);
  const telemetry::Span& span = test_ports_.spans[0];
  EXPECT_EQ(std::to_integer<int>(span.context.trace_id[0]), 0x0a);
  EXPECT_EQ(std::to_integer<int>(span.parent_id[0]), 0xb7);
  EXPECT_EQ(span.name, "GET shop/hello");
  EXPECT_EQ(test_ports_.records[0].sampled, 1);
}

TEST_F(RequestPathTest, ServerTimingIsAddedWhenAskedFor) {
  Serve({Spec("hello")});
  EXPECT_EQ(Get("/hello").exchange.response_sink.header("Server-Timing"), "");
  ObserveSpec observe;
  observe.server_timing = true;
  Serve({Spec("hello")}, observe);
  const std::string timing = Get("/hello").exchange.response_sink.header("Server-Timing");
  EXPECT_TRUE(timing.starts_with("queue;dur=")) << timing;
  EXPECT_NE(timing.find("instantiate;dur="), std::string::npos) << timing;
  EXPECT_NE(timing.find("run;dur="), std::string::npos) << timing;
}

TEST_F(RequestPathTest, WhatAGuestPrintsIsNamedWithItsFunction) {
  Serve({Spec("hello"), Spec("log")});
  Get("/log");
  ASSERT_FALSE(test_ports_.lines.empty());
  EXPECT_EQ(test_ports_.lines[0], (std::pair<std::uint32_t, std::string>(1, "a line")));
}

TEST_F(RequestPathTest, ACallThatBeganKeepsItsPlan) {
  Serve({Spec("echo")});
  FakeExchange waiting(loop_);
  waiting.request.method = "POST";
  waiting.request.target = waiting.request.path = "/echo";
  bool done = false;
  Spawn(loop_, Await(path_.Handle(waiting), done));
  loop_.restart();
  loop_.poll();
  const std::weak_ptr<const Plan> old = path_.plan();
  Serve({Spec("hello")});
  EXPECT_FALSE(old.expired());
  EXPECT_EQ(Get("/echo").exchange.response_sink.status(), 404);
  waiting.body_source.Push("late").End();
  loop_.restart();
  while (!done && loop_.run_one() > 0) {
  }
  EXPECT_EQ(waiting.response_sink.text(), "late");
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(old.expired());
}

}  // namespace
}  // namespace strata::route
