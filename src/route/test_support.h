// route/test_support.h - a RequestPath over fake sandboxes, all of whose ports are in memory: for
// tests only.
//
//   a test --Get, Client--> RequestPath (under test) --> TestPorts: records, spans, lines, copies
//
// Threads:  one: nothing waits; Run turns the loop until the call has ended. Lifetime: a fixture
//           for each test.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/json.h"
#include "route/plan/plan.h"
#include "route/ports.h"
#include "route/request_path.h"
#include "sandbox/fake/driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::route {

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
    sandbox::testing::FakeExchange exchange;
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

}  // namespace strata::route
