// Promises of one sentence each.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {
namespace {

using model::ExitReason;
using testing::CallFixture;

// ---- what a program is told of its request ------------------------------------------------------

// "NAME=value" is among the guest's environment.
void ExpectVariable(DriverContract& contract, const Spec& spec, CallFixture& fixture,
                    std::string_view variable) {
  const auto exit = contract.CallOnce(Guest::kEnv, spec, fixture);
  EXPECT_EQ(exit.reason, ExitReason::kReturned) << exit.detail;
  const std::string all = '\0' + fixture.sink.text();
  EXPECT_TRUE(all.contains('\0' + std::string(variable) + '\0'))
      << variable << " in " << fixture.sink.text();
}

template <typename Request>
void ExpectOfRequest(DriverContract& contract, Request request, std::string_view method,
                     std::string_view target, std::string_view variable) {
  CallFixture fixture(contract.loop_, contract.clock_, method, target);
  request(fixture.exchange.request);
  ExpectVariable(contract, {.id = "box-1"}, fixture, variable);
}

constexpr auto kAsItIs = [](http::RequestHead&) {};

template <std::size_t kSize>
void ExpectOfHeader(DriverContract& contract, const http::Header (&headers)[kSize],
                    std::string_view variable) {
  ExpectOfRequest(
      contract, [&](http::RequestHead& head) { head.headers = headers; }, "GET", "/", variable);
}

void ExpectOfSpec(DriverContract& contract, model::Env env, std::string_view variable) {
  CallFixture fixture(contract.loop_, contract.clock_);
  ExpectVariable(contract, {.id = "box-1", .env = std::move(env)}, fixture, variable);
}

// ---- bodies -------------------------------------------------------------------------------------

std::string SomeBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
  return bytes;
}

template <std::size_t kSize>
void EchoesBody(DriverContract& contract) {
  CallFixture fixture(contract.loop_, contract.clock_);
  const std::string body = SomeBytes(kSize);
  Spec spec{.id = "box-1"};
  spec.limits.request = strata::Bytes{2 << 20};
  spec.limits.response = strata::Bytes{2 << 20};
  const auto exit = contract.CallOnce(Guest::kEcho, spec, fixture, body);
  EXPECT_EQ(exit.reason, ExitReason::kReturned) << exit.detail;
  EXPECT_TRUE(fixture.sink.text() == body) << fixture.sink.text().size() << " bytes";
  EXPECT_EQ(exit.usage.bytes_in.count, kSize);
  EXPECT_EQ(exit.usage.bytes_out.count, kSize);
}

// ---- limits -------------------------------------------------------------------------------------

void ExpectResponse(DriverContract& contract, std::uint64_t limit, ExitReason reason) {
  CallFixture fixture(contract.loop_, contract.clock_);
  Spec spec{.id = "box-1"};
  spec.limits.response = strata::Bytes{limit};
  EXPECT_EQ(contract.CallOnce(Guest::kHello, spec, fixture).reason, reason);
}

void ExpectRequest(DriverContract& contract, std::uint64_t limit, ExitReason reason) {
  CallFixture fixture(contract.loop_, contract.clock_);
  Spec spec{.id = "box-1"};
  spec.limits.request = strata::Bytes{limit};
  EXPECT_EQ(contract.CallOnce(Guest::kEcho, spec, fixture, "hello").reason, reason);
}

// ---- names --------------------------------------------------------------------------------------

void ExpectId(DriverContract& contract, const std::string& id, bool good) {
  auto made = contract.Prepare(Guest::kHello)->Create({.id = id});
  ASSERT_EQ(made.has_value(), good) << id;
  if (!good) {
    EXPECT_EQ(made.error().code, Errc::kInvalidArgument);
  }
}

#define METHOD(name) \
  {"TheMethod" name, \
   [](DriverContract& c) { ExpectOfRequest(c, kAsItIs, name, "/", "REQUEST_METHOD=" name); }}
#define BODY(size) {"ABodyOf" #size "Bytes", EchoesBody<size>}
#define BAD_ID(name, id) {"TheIdIsRefused" name, [](DriverContract& c) { ExpectId(c, id, false); }}
#define GOOD_ID(name, id) {"TheIdIsTaken" name, [](DriverContract& c) { ExpectId(c, id, true); }}

const ContractCase kCases[] = {
    METHOD("GET"),
    METHOD("POST"),
    METHOD("PUT"),
    METHOD("DELETE"),
    METHOD("PATCH"),
    METHOD("HEAD"),
    METHOD("OPTIONS"),
    {"TheQuery",
     [](DriverContract& c) {
       ExpectOfRequest(c, kAsItIs, "GET", "/a?b=c&d", "QUERY_STRING=b=c&d");
     }},
    {"AnEmptyQuery",
     [](DriverContract& c) { ExpectOfRequest(c, kAsItIs, "GET", "/a", "QUERY_STRING="); }},
    {"TheContentType",
     [](DriverContract& c) {
       constexpr http::Header kHeaders[] = {{"Content-Type", "text/x-test"}};
       ExpectOfHeader(c, kHeaders, "CONTENT_TYPE=text/x-test");
     }},
    {"AField",
     [](DriverContract& c) {
       constexpr http::Header kHeaders[] = {{"X-Some-Field", "value"}};
       ExpectOfHeader(c, kHeaders, "HTTP_X_SOME_FIELD=value");
     }},
    {"AFieldWithBytes",
     [](DriverContract& c) {
       constexpr http::Header kHeaders[] = {{"X-Bytes", "a=b \"c\" \xc3\xa9"}};
       ExpectOfHeader(c, kHeaders, "HTTP_X_BYTES=a=b \"c\" \xc3\xa9");
     }},
    {"TheAcceptedTypes",
     [](DriverContract& c) {
       constexpr http::Header kHeaders[] = {{"Accept", "text/html"}};
       ExpectOfHeader(c, kHeaders, "HTTP_ACCEPT=text/html");
     }},
    {"TheFieldProxyIsLeftOut",
     [](DriverContract& c) {
       constexpr http::Header kHeaders[] = {{"Proxy", "http://evil.example"}};
       CallFixture fixture(c.loop_, c.clock_);
       fixture.exchange.request.headers = kHeaders;
       c.CallOnce(Guest::kEnv, {.id = "box-1"}, fixture);
       EXPECT_FALSE(fixture.sink.text().contains("HTTP_PROXY"));
     }},
    {"AVariableOfTheManifest",
     [](DriverContract& c) { ExpectOfSpec(c, {{"COLOUR", "green"}}, "COLOUR=green"); }},
    {"AnEmptyVariable", [](DriverContract& c) { ExpectOfSpec(c, {{"EMPTY", ""}}, "EMPTY="); }},
    {"AVariableWithAnEqualsSign",
     [](DriverContract& c) { ExpectOfSpec(c, {{"PAIR", "a=b"}}, "PAIR=a=b"); }},
    {"AVariableWithSpacesAndQuotes",
     [](DriverContract& c) {
       ExpectOfSpec(c, {{"TEXT", "a \"b\" 'c' $d"}}, "TEXT=a \"b\" 'c' $d");
     }},
    {"AVariableInUtf8",
     [](DriverContract& c) {
       ExpectOfSpec(c, {{"WORD", "\xe6\xb2\x99\xe7\xae\xb1"}}, "WORD=\xe6\xb2\x99\xe7\xae\xb1");
     }},
    {"ALongVariable",
     [](DriverContract& c) {
       const std::string value(4000, 'x');
       ExpectOfSpec(c, {{"LONG", value}}, "LONG=" + value);
     }},
    {"ManyVariables",
     [](DriverContract& c) {
       model::Env env;
       for (int i = 0; i < 200; ++i) env["NAME_" + std::to_string(i)] = std::to_string(i);
       ExpectOfSpec(c, env, "NAME_199=199");
     }},
    {"TheRequestWinsOverTheManifest",
     [](DriverContract& c) {
       ExpectOfSpec(c, {{"REQUEST_METHOD", "LIE"}}, "REQUEST_METHOD=POST");
     }},
    {"NothingOfOursIsInTheEnvironment",
     [](DriverContract& c) {
       CallFixture fixture(c.loop_, c.clock_);
       ::setenv("STRATA_CONTRACT_SECRET", "secret", 1);
       c.CallOnce(Guest::kEnv, {.id = "box-1"}, fixture);
       EXPECT_FALSE(fixture.sink.text().contains("secret"));
     }},
    BODY(0),
    BODY(1),
    BODY(2),
    BODY(8191),
    BODY(100),
    BODY(4095),
    BODY(4096),
    BODY(4097),
    BODY(16384),
    BODY(65535),
    BODY(65536),
    BODY(65537),
    BODY(262143),
    BODY(262144),
    BODY(262145),
    BODY(1000000),
    BAD_ID("WhenEmpty", ""),
    BAD_ID("WithACapital", "Box"),
    BAD_ID("WithASpace", "a b"),
    BAD_ID("WithASlash", "a/b"),
    BAD_ID("WithDots", ".."),
    BAD_ID("WithAnUnderscore", "a_b"),
    BAD_ID("WhenTooLong", std::string(65, 'a')),
    BAD_ID("WithAZeroByte", std::string("a\0b", 3)),
    BAD_ID("WithAQuote", "a'b"),
    BAD_ID("WithATab", "a\tb"),
    BAD_ID("InUtf8", "b\xc3\xb6x"),
    GOOD_ID("OfOneLetter", "a"),
    GOOD_ID("WithADash", "a-1"),
    GOOD_ID("OfDigits", "42"),
    GOOD_ID("OfTheLongestKind", std::string(64, 'z')),
    {"AnExitCodeIsAResult",
     [](DriverContract& c) {
       CallFixture fixture(c.loop_, c.clock_);
       const auto exit = c.CallOnce(Guest::kExit, {.id = "box-1"}, fixture);
       EXPECT_EQ(exit.reason, ExitReason::kReturned) << exit.detail;
       EXPECT_EQ(exit.status, 3);
     }},
    {"AResponseOfTheLimit", [](DriverContract& c) { ExpectResponse(c, 5, ExitReason::kReturned); }},
    {"AResponseAboveTheLimit", [](DriverContract& c) { ExpectResponse(c, 4, ExitReason::kLimit); }},
    {"ARequestOfTheLimit", [](DriverContract& c) { ExpectRequest(c, 5, ExitReason::kReturned); }},
    {"ARequestAboveTheLimit", [](DriverContract& c) { ExpectRequest(c, 4, ExitReason::kLimit); }},
    {"LogsAreDroppedWithoutASink",
     [](DriverContract& c) {
       CallFixture fixture(c.loop_, c.clock_);
       EXPECT_EQ(c.CallOnce(Guest::kLog, {.id = "box-1"}, fixture).reason, ExitReason::kReturned);
       EXPECT_EQ(fixture.sink.text(), "hello");
     }},
    {"LogLinesAreOfStandardError",
     [](DriverContract& c) {
       testing::RecordingLog log;
       CallFixture fixture(c.loop_, c.clock_);
       c.CallOnce(Guest::kLog, {.id = "box-1", .effects = {.logs = &log}}, fixture);
       const testing::RecordingLog::Line wanted{Stream::kStderr, "a line"};
       EXPECT_NE(std::find(log.lines.begin(), log.lines.end(), wanted), log.lines.end());
     }},
    {"UsageAddsUp",
     [](DriverContract& c) {
       auto sandbox = c.Make(Guest::kEcho);
       for (int i = 1; i <= 2; ++i) {
         CallFixture fixture(c.loop_, c.clock_);
         fixture.body.Push("hello").End();
         ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
         EXPECT_EQ(sandbox->usage().bytes_in.count, 5U * i);
         EXPECT_EQ(sandbox->usage().bytes_out.count, 5U * i);
       }
     }},
    {"AFreshSandboxHasUsedNothing",
     [](DriverContract& c) {
       const auto usage = c.Make(Guest::kHello)->usage();
       EXPECT_EQ(usage.bytes_in.count + usage.bytes_out.count, 0U);
       EXPECT_EQ(usage.cpu.count(), 0);
     }},
    {"ACallPastItsDeadlineIsStopped",
     [](DriverContract& c) {
       CallFixture fixture(c.loop_, c.clock_);
       fixture.call.deadline = c.clock_.Now() - std::chrono::seconds(1);
       EXPECT_EQ(c.CallOnce(Guest::kSpin, {.id = "box-1"}, fixture).reason, ExitReason::kStopped);
     }},
    {"StoppingTwiceIsAsGoodAsOnce",
     [](DriverContract& c) {
       auto sandbox = c.Make(Guest::kHello);
       sandbox->Stop();
       sandbox->Stop();
       CallFixture fixture(c.loop_, c.clock_);
       fixture.body.End();
       EXPECT_EQ(fixture.Run(sandbox->Invoke(fixture.call)).error().code,
                 Errc::kFailedPrecondition);
     }},
    {"ASandboxThatWasNeverCalledGoesQuietly",
     [](DriverContract& c) { c.Make(Guest::kSpin).reset(); }},
    {"AnIdMayBeUsedAgain",
     [](DriverContract& c) {
       auto image = c.Prepare(Guest::kHello);
       for (int i = 0; i < 3; ++i) {
         auto sandbox = image->Create({.id = "again"});
         ASSERT_TRUE(sandbox.has_value());
         CallFixture fixture(c.loop_, c.clock_);
         fixture.body.End();
         ASSERT_TRUE(fixture.Run((*sandbox)->Invoke(fixture.call)).has_value());
         EXPECT_EQ(fixture.sink.text(), "hello");
       }
     }},
    {"TypedCallsAreRefusedOrFound",
     [](DriverContract& c) {
       auto sandbox = c.Make(Guest::kEcho);
       CallFixture fixture(c.loop_, c.clock_);
       const auto called = fixture.Run(sandbox->InvokeExport("none", {}, fixture.call.deadline));
       ASSERT_FALSE(called.has_value());
       EXPECT_TRUE(called.error().code == Errc::kUnsupported ||
                   called.error().code == Errc::kNotFound);
     }},
};

#undef METHOD
#undef BODY
#undef BAD_ID
#undef GOOD_ID

}  // namespace

std::span<const ContractCase> ContractCases() { return kCases; }

}  // namespace strata::sandbox::contract
