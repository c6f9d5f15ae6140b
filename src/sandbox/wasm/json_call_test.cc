#include "sandbox/wasm/json_call.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

#include "base/text/byte_view.h"

namespace strata::sandbox::wasm {
namespace {

// A host whose body and sink make progress only every second time.
class HaltingHost final : public GuestHost {
 public:
  explicit HaltingHost(std::string body) : body_(std::move(body)) {}

  void Wake() noexcept override {}
  Io BodyRead(std::span<std::byte> to) override {
    if (Halts()) return Io::Pending();
    const std::size_t count = std::min<std::size_t>({to.size(), body_.size(), 5});
    std::ranges::copy(AsBytes(body_).first(count), to.begin());
    body_.erase(0, count);
    return Io::Some(count);
  }
  bool Respond(http::ResponseHead head) override {
    status = head.status;
    return true;
  }
  Io BodyWrite(std::span<const std::byte> from) override {
    if (Halts()) return Io::Pending();
    answer += AsText(from.first(1));
    return Io::Some(1);
  }
  void Log(Stream, std::string_view) override {}
  std::int64_t OutgoingStart(const OutgoingHead&) override { return 0; }
  Io OutgoingWrite(std::int64_t, std::span<const std::byte>) override { return Io::Failed(); }
  void OutgoingEnd(std::int64_t) override {}
  Io OutgoingResponse(std::int64_t, http::ResponseHead&) override { return Io::Failed(); }
  Io OutgoingRead(std::int64_t, std::span<std::byte>) override { return Io::Failed(); }
  void OutgoingDelete(std::int64_t) override {}

  std::uint16_t status = 0;
  std::string answer;

 private:
  bool Halts() { return turn_++ % 2 == 0; }
  std::string body_;
  int turn_ = 0;
};

// An engine whose one export adds, and yields once before it does.
class AddingCall final : public EngineCall {
 public:
  explicit AddingCall(std::span<const Value> arguments)
      : sum_(std::get<std::int32_t>(arguments[0]) + std::get<std::int32_t>(arguments[1])) {}
  bool Poll(EngineExit& exit) override {
    exit.end = EngineEnd::kReturned;
    return std::exchange(yielded_, true);
  }
  std::vector<Value> Results() const override { return {sum_}; }

 private:
  std::int32_t sum_;
  bool yielded_ = false;
};

class AddingSandbox final : public EngineSandbox {
 public:
  Result<std::unique_ptr<EngineCall>> StartHttp(const EngineRequest&, GuestHost&) override {
    return Fail(Errc::kUnsupported, "typed only");
  }
  Result<std::unique_ptr<EngineCall>> StartCommand(std::span<const std::string>,
                                                   GuestHost&) override {
    return Fail(Errc::kUnsupported, "typed only");
  }
  Result<std::unique_ptr<EngineCall>> StartExport(std::string_view,
                                                  std::span<const Value> arguments,
                                                  GuestHost&) override {
    return std::make_unique<AddingCall>(arguments);
  }
  Bytes memory_peak() const override { return 0_B; }
};

class JsonCallTest : public ::testing::Test {
 protected:
  // Runs a call with `body` to its end, however often it has to be polled.
  EngineExit Run(std::string body) {
    host = std::make_unique<HaltingHost>(std::move(body));
    JsonCall call(sandbox, exports, *host);
    EngineExit exit;
    for (int polls = 0; polls < 10'000; ++polls) {
      if (call.Poll(exit)) return exit;
    }
    ADD_FAILURE() << "the call never ended";
    return exit;
  }

  AddingSandbox sandbox;
  std::vector<Export> exports{{"add", {"i32", "i32"}, {"i32"}}};
  std::unique_ptr<HaltingHost> host;
};

TEST_F(JsonCallTest, AnswersWithTheResults) {
  EXPECT_EQ(Run(R"({"export":"add","args":[1,2]})").end, EngineEnd::kReturned);
  EXPECT_EQ(host->status, 200);
  EXPECT_EQ(host->answer, R"({"results":[3]})");
}

struct BadBody {
  const char* label;
  const char* body;
};
class JsonCallBadBodyTest : public JsonCallTest, public ::testing::WithParamInterface<BadBody> {};

TEST_P(JsonCallBadBodyTest, IsAnswered400AndTheGuestDoesNotRun) {
  EXPECT_EQ(Run(GetParam().body).end, EngineEnd::kReturned);
  EXPECT_EQ(host->status, 400);
  EXPECT_NE(host->answer.find("\"status\":400"), std::string::npos) << host->answer;
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, JsonCallBadBodyTest,
    ::testing::Values(BadBody{"Empty", ""}, BadBody{"NoJson", "add 1 2"}, BadBody{"Array", "[]"},
                      BadBody{"NoExport", R"({"args":[]})"},
                      BadBody{"ExportIsNumber", R"({"export":1})"},
                      BadBody{"UnknownExport", R"({"export":"sub","args":[1,2]})"},
                      BadBody{"NoArgs", R"({"export":"add"})"},
                      BadBody{"TooMany", R"({"export":"add","args":[1,2,3]})"},
                      BadBody{"ArgsIsObject", R"({"export":"add","args":{"a":1,"b":2}})"},
                      BadBody{"Fraction", R"({"export":"add","args":[1,2.5]})"},
                      BadBody{"Overflow", R"({"export":"add","args":[1,4294967296]})"}),
    [](const auto& info) { return info.param.label; });

TEST(JsonValueTest, IntegersTakeBothReadingsOfTheirBits) {
  EXPECT_EQ(*ValueFromJson(Json(4294967295U), "i32"), Value(std::int32_t{-1}));
  EXPECT_EQ(*ValueFromJson(Json(-1), "i32"), Value(std::int32_t{-1}));
  EXPECT_EQ(*ValueFromJson(Json(UINT64_MAX), "i64"), Value(std::int64_t{-1}));
  EXPECT_EQ(*ValueFromJson(Json("-9007199254740993"), "i64"),
            Value(std::int64_t{-9007199254740993}));
  EXPECT_FALSE(ValueFromJson(Json(-2147483649LL), "i32").has_value());
  EXPECT_FALSE(ValueFromJson(Json("12x"), "i64").has_value());
  EXPECT_FALSE(ValueFromJson(Json(true), "i32").has_value());
}

TEST(JsonValueTest, FloatsSurviveWhatJsonCannotWrite) {
  EXPECT_EQ(*ValueFromJson(Json(1.5), "f64"), Value(1.5));
  EXPECT_EQ(*ValueFromJson(Json(2), "f32"), Value(2.0F));
  EXPECT_TRUE(std::isnan(std::get<double>(*ValueFromJson(Json("NaN"), "f64"))));
  EXPECT_EQ(ValueToJson(Value(-std::numeric_limits<double>::infinity())), Json("-Infinity"));
  EXPECT_EQ(ValueToJson(Value(std::nanf(""))), Json("NaN"));
  EXPECT_FALSE(ValueFromJson(Json("1.5"), "f64").has_value());
}

}  // namespace
}  // namespace strata::sandbox::wasm
