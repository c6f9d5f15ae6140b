#include "cell/wire/codec.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/json.h"

namespace strata::cell {
namespace {

// A Configure in which no field has its default.
Configure FullConfigure() {
  Configure configure;
  configure.generation = 7;
  Function function;
  function.tenant = "shop";
  function.name = "thumbnail";
  function.revision = 3;
  function.module = "sha-key";
  function.service = true;
  function.limits = {16_MiB, 5, std::chrono::milliseconds(6), std::chrono::milliseconds(7), 8, 9_B,
                     10_B,   11};
  function.env = {{"SIZE", "128"}};
  function.grants.http = {{"api.example.com", 8443}};
  function.grants.dirs = {{"/srv/data", "/data", model::DirGrant::Mode::kReadOnly},
                          {"", "/tmp", model::DirGrant::Mode::kScratch}};
  configure.functions = {function};
  configure.routes = {{.host = "shop.example",
                       .path = "/thumb",
                       .methods = {"POST"},
                       .headers = {{"x-env", "test"}},
                       .split = "x-user",
                       .backends = {{0, 42, true}},
                       .mirror = Mirror{0, 9}}};
  configure.observe = {false, false, 0.5, true};
  return configure;
}

TEST(CodecTest, ConfigureSurvivesTheWay) {
  const std::string text = Encode(ToCell(FullConfigure()));
  const auto decoded = DecodeToCell(text);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const auto& got = std::get<Configure>(*decoded);
  ASSERT_EQ(got.functions.size(), 1u);
  EXPECT_EQ(got.functions[0].limits, FullConfigure().functions[0].limits);
  EXPECT_EQ(got.functions[0].grants, FullConfigure().functions[0].grants);
  EXPECT_EQ(got.functions[0].env, FullConfigure().functions[0].env);
  EXPECT_EQ(got.routes[0].backends[0].weight, 42u);
  EXPECT_TRUE(got.routes[0].backends[0].named);
  EXPECT_EQ(got.observe.trace_ratio, 0.5);
  EXPECT_EQ(Encode(*decoded), text);
}

// Every message of both directions: what Encode writes, Decode reads to the same text.
TEST(CodecTest, EveryMessageSurvivesTheWay) {
  const std::vector<ToCell> to_cell = {Start{"i", "web-0", "shop", 9, 1, 2, 3, "/scratch", 4},
                                       Modules{{"k1", "k2"}},
                                       Listen{"web", "127.0.0.1:8080"},
                                       FullConfigure(),
                                       CreateSandbox{"sb-1", 2},
                                       DeleteSandbox{"sb-1"},
                                       Connected{4, "no"},
                                       Drain{5},
                                       Adopt{"i"},
                                       GetStats{},
                                       StopListening{},
                                       AddEndpoint{"shop-1", "shop"},
                                       RemoveEndpoint{"shop-1"},
                                       ServeFront{"front-1"},
                                       TakeClient{"127.0.0.1:5000"}};
  for (const ToCell& message : to_cell) {
    const std::string text = Encode(message);
    const auto decoded = DecodeToCell(text);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message << " in " << text;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(Encode(*decoded), text);
  }
  const std::vector<ToManager> to_manager = {
      Ready{"key"},
      Configured{1, "bad"},
      SandboxCreated{"sb-1", ""},
      SandboxGone{"sb-1", "trap"},
      Connect{1, 2, 3, "api.example.com", 443},
      Drained{},
      State{"web-0",
            "shop",
            "key",
            3,
            {{"shop", "cart", 2, "wasm", true, "@2"}},
            {"m"},
            {{"web", "a"}},
            {"sb-1"},
            {"shop-1"},
            Former{{{"shop", "cart", 1, "wasm", true, ""}}, {{2, {1, 0}}}}},
      Stats{1, 2, 3, 4, 5, 6, 7},
      StoppedListening{},
      GiveClient{}};
  for (const ToManager& message : to_manager) {
    const std::string text = Encode(message);
    const auto decoded = DecodeToManager(text);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message << " in " << text;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(Encode(*decoded), text);
  }
}

TEST(CodecTest, AnOptionalThatAnEarlierVersionDoesNotSendIsNone) {
  const std::string sent =
      Encode(ToManager(State{.functions = {{.tenant = "shop", .target = "@2"}}}));
  std::string earlier = sent;
  const std::string_view field = R"("target":"@2",)";
  ASSERT_NE(sent.find(field), std::string::npos) << sent;
  earlier.erase(sent.find(field), field.size());
  const auto decoded = DecodeToManager(earlier);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(std::get<State>(*decoded).functions.front().target, std::nullopt);
}

struct BadMessage {
  const char* label;
  const char* text;
  const char* names;  // what the error must name
};
class CodecRefusesTest : public ::testing::TestWithParam<BadMessage> {};

TEST_P(CodecRefusesTest, NamingTheField) {
  const auto decoded = DecodeToCell(GetParam().text);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, Errc::kInvalidArgument);
  EXPECT_NE(decoded.error().message.find(GetParam().names), std::string::npos)
      << decoded.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Messages, CodecRefusesTest,
    ::testing::Values(
        BadMessage{"NoJson", "nope", "parse"}, BadMessage{"NoObject", "[]", "object"},
        BadMessage{"NoType", "{}", "type"}, BadMessage{"UnknownType", R"({"type":"x"})", "type"},
        BadMessage{"WrongDirection", R"({"type":"ready","engine_key":"k"})", "type"},
        BadMessage{"TypeIsNoText", R"({"type":1})", "type"},
        BadMessage{"MissingField", R"({"type":"drain"})", "drain.deadline_ms is missing"},
        BadMessage{"UnknownField", R"({"type":"drain","deadline_ms":1,"x":2})", "unknown field"},
        BadMessage{"NegativeNumber", R"({"type":"drain","deadline_ms":-1})", "deadline_ms"},
        BadMessage{"TooBigNumber", R"({"type":"drain","deadline_ms":4294967296})", "out of range"},
        BadMessage{"Fraction", R"({"type":"drain","deadline_ms":1.5})", "deadline_ms"},
        BadMessage{"NumberAsText", R"({"type":"drain","deadline_ms":"1"})", "deadline_ms"},
        BadMessage{"TextAsNumber", R"({"type":"delete_sandbox","id":1})", "id is no text"},
        BadMessage{"ListEntry", R"({"type":"modules","keys":["a",1]})", "modules.keys[1]"},
        BadMessage{"DuplicateKey", R"({"type":"drain","deadline_ms":1,"deadline_ms":2})",
                   "duplicate key"}),
    [](const auto& info) { return info.param.label; });

TEST(CodecTest, ARatioOutsideZeroToOneIsRefused) {
  Json json = ParseJson(Encode(ToCell(FullConfigure()))).value();
  for (const double bad : {1.5, -0.1}) {
    json["observe"]["trace_ratio"] = bad;
    const auto decoded = DecodeToCell(DumpJson(json));
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().message, "configure.observe.trace_ratio is out of range");
  }
}

TEST(CodecTest, AnUnknownDirectoryModeIsRefused) {
  Json json = ParseJson(Encode(ToCell(FullConfigure()))).value();
  json["functions"][0]["grants"]["dirs"][0]["mode"] = "any";
  const auto decoded = DecodeToCell(DumpJson(json));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_NE(decoded.error().message.find("configure.functions[0].grants.dirs[0].mode"),
            std::string::npos)
      << decoded.error().message;
}

}  // namespace
}  // namespace strata::cell
