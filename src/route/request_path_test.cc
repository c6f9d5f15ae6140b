#include "route/request_path.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "route/answer.h"
#include "sandbox/fake/driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::route {
namespace {

using sandbox::testing::FakeExchange;

// Every port, in memory. Modules are fake scripts by name.
class TestPorts final : public RecordSink,
                        public LineSink,
                        public ImageSource,
                        public Network,
                        public policy::Authorizer {
 public:
  explicit TestPorts(Loop& loop) : driver_(loop, clock) {}

  bool TryRecord(const meter::CallRecord& record) noexcept override {
    if (full) return false;
    records.push_back(record);
    return true;
  }
  Awaitable<void> RecordLater(const meter::CallRecord& record) override {
    ++pushed_back;
    records.push_back(record);
    co_return;
  }
  void RecordSpan(const telemetry::Span& span) override { spans.push_back(span); }
  void RecordMirror(const meter::MirrorRecord& record) override { mirrored.push_back(record); }
  void Write(const Line& line) override {
    lines.emplace_back(line.function.index, std::string(line.text));
  }
  Result<std::shared_ptr<sandbox::Image>> Load(const std::string& module) override {
    ++loads;
    const auto found = scripts.find(module);
    if (found == scripts.end()) return Fail(Errc::kNotFound, "no module " + module);
    auto artifact = sandbox::fake::FakeDriver::Artifact(found->second);
    if (!artifact) return std::unexpected(artifact.error());
    return driver_.Prepare(std::move(*artifact));
  }
  Task<Fd> Connect(FunctionId, std::string_view, std::uint16_t) override {
    co_return Fail(Errc::kUnavailable, "no network");
  }
  policy::Decision Decide(const policy::Facts& facts) override {
    if (deny) return {policy::Verdict::kDeny, "rule 7", nullptr};
    if (narrow) return {policy::Verdict::kAllow, "", std::make_shared<const model::Grants>()};
    return {policy::Verdict::kAllow, "", facts.declared};
  }

  SystemClock clock;
  std::map<std::string, std::string> scripts{
      {"hello", R"({"do": "hello"})"},   {"echo", R"({"do": "echo"})"},
      {"count", R"({"do": "count"})"},   {"log", R"({"do": "log", "text": "a line"})"},
      {"spin", R"({"do": "spin"})"},     {"trap", R"({"do": "trap"})"},
      {"memory", R"({"do": "memory"})"}, {"broken", "nonsense"}};
  std::vector<meter::CallRecord> records;
  std::vector<telemetry::Span> spans;
  std::vector<meter::MirrorRecord> mirrored;
  std::vector<std::pair<std::uint32_t, std::string>> lines;
  int loads = 0;
  int pushed_back = 0;
  bool full = false;
  bool deny = false;
  bool narrow = false;

 private:
  sandbox::fake::FakeDriver driver_;
};

class RequestPathTest : public ::testing::Test {
 protected:
  RequestPathTest()
      : test_ports_(loop_),
        random_(1),
        ports_{loop_,       test_ports_.clock, random_,     test_ports_, test_ports_,
               test_ports_, test_ports_,       test_ports_, "test"},
        path_(ports_) {}

  // Serves one function per module, each under "/<module>".
  void Serve(std::vector<FunctionSpec> functions, ObserveSpec observe = {}) {
    PlanSpec spec;
    spec.generation = ++generation_;
    spec.observe = observe;
    for (FunctionSpec& function : functions) {
      spec.rules.push_back({"*",
                            "/" + function.name,
                            {"GET", "POST"},
                            {{static_cast<std::uint32_t>(spec.functions.size()), 100}}});
      spec.functions.push_back(std::move(function));
    }
    auto plan = Plan::Build(std::move(spec), path_.plan().get(), ports_);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    path_.SwitchTo(std::move(*plan));
  }

  static FunctionSpec Spec(const std::string& name, bool service = false) {
    FunctionSpec spec;
    spec.tenant = "shop";
    spec.name = name;
    spec.revision = 3;
    spec.module = name;
    spec.service = service;
    return spec;
  }

  // An exchange whose target and headers stay alive with it.
  struct Client {
    Client(Loop& loop, std::string target_in, std::string method_in = "GET")
        : target(std::move(target_in)), method(std::move(method_in)), exchange(loop) {
      exchange.request.method = method;
      exchange.request.target = target;
      exchange.request.path = std::string_view(target).substr(0, target.find('?'));
      exchange.request.host = "shop.example";
      exchange.request.scheme = "http";
      exchange.body_source.End();
    }
    std::string target;
    std::string method;
    std::vector<http::Header> headers;
    FakeExchange exchange;
  };

  void Run(Client& client) {
    client.exchange.request.headers = client.headers;
    bool done = false;
    Spawn(loop_, Await(path_.Handle(client.exchange), done));
    loop_.restart();
    while (!done && loop_.run_one() > 0) {
    }
    ASSERT_TRUE(done);
  }
  static Awaitable<void> Await(Awaitable<void> handling, bool& done) {
    co_await std::move(handling);
    done = true;
  }

  Client Get(const std::string& target) {
    Client client(loop_, target);
    Run(client);
    return client;
  }
  static std::string ProblemType(const Client& client) {
    const auto json = ParseJson(client.exchange.response_sink.text());
    return json ? json->value("type", "") : "no JSON: " + client.exchange.response_sink.text();
  }

  Loop loop_;
  TestPorts test_ports_;
  SeededRandom random_;
  Ports ports_;
  RequestPath path_;
  std::uint32_t generation_ = 0;
};

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
  EXPECT_EQ(Get("/count").exchange.response_sink.text(), "2");
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

// ---- hops ---------------------------------------------------------------------------------------

// Another process, played by the test.
class TestHop final : public Hop {
 public:
  Awaitable<std::optional<http::Problem>> HandOn(const FunctionSpec& function, const Handed&,
                                                 http::Exchange&,
                                                 http::ResponseSink& sink) override {
    handed_on.push_back(function.tenant + "/" + function.name);
    if (problem) co_return problem;
    (void)sink.Head({.status = 204, .headers = {}});
    co_return std::nullopt;
  }
  std::vector<std::string> handed_on;
  std::optional<http::Problem> problem;
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

class MirroredRequestTest : public RequestPathTest {
 protected:
  // "/<module>" is also sent to `mirror`.
  void ServeMirrored(const std::string& module, const std::string& mirror,
                     std::uint32_t percent = 100) {
    PlanSpec spec;
    spec.generation = 1;
    spec.functions = {Spec(module), Spec(mirror)};
    spec.functions[1].target = "@2";
    Rule rule{"*", "/", {}, {{0, 1}}};
    rule.mirror = Mirror{1, percent};
    spec.rules = {rule};
    path_.SwitchTo(*Plan::Build(spec, nullptr, ports_));
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

TEST_F(RequestPathTest, ACallHandedOverForAFunctionThatIsNotHereIsRefused) {
  Serve({Spec("hello")});
  Client client(loop_, "/hello");
  RequestPath::HandedOver request;
  request.tenant = "blog";
  request.function = "hello";
  request.call.start = test_ports_.clock.Now();
  bool done = false;
  Spawn(loop_, Await(path_.HandleHanded(client.exchange, request), done));
  loop_.run();
  EXPECT_EQ(client.exchange.response_sink.status(), 404);
  EXPECT_EQ(ProblemType(client), "urn:strata:problem:no-route");
}

}  // namespace
}  // namespace strata::route
