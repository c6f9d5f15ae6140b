#include "telemetry/trace.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/hex.h"
#include "base/text/json.h"

namespace strata::telemetry {
namespace {

constexpr std::string_view kField = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceTest, ReadsAndWritesTheExampleOfTheStandard) {
  const auto context = ParseTraceparent(kField);
  ASSERT_TRUE(context);
  EXPECT_EQ(HexEncode(context->trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(HexEncode(context->span_id), "00f067aa0ba902b7");
  EXPECT_EQ(context->sampling, Sampling::kRecord);
  EXPECT_EQ(FormatTraceparent(*context), kField);
}

TEST(TraceTest, UnknownFlagsAndLaterVersionsAreReadAsFarAsTheyGo) {
  const auto flags = ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe");
  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->sampling, Sampling::kDrop);
  EXPECT_TRUE(ParseTraceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  EXPECT_TRUE(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"));
}

class BadTraceparentTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadTraceparentTest, StartsANewTrace) { EXPECT_FALSE(ParseTraceparent(GetParam())); }

INSTANTIATE_TEST_SUITE_P(
    Fields, BadTraceparentTest,
    ::testing::Values("", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                      "00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01",
                      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01later"));

TEST(TraceTest, AChildStaysInTheTraceWithItsOwnSpan) {
  SeededRandom random(1);
  const TraceContext parent = NewTrace(Sampling::kRecord, random);
  const TraceContext child = Child(parent, random);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_EQ(child.sampling, Sampling::kRecord);
  EXPECT_EQ(ParseTraceparent(FormatTraceparent(child)), child);
}

TEST(TraceTest, SamplingTakesItsShareAndAlwaysDecidesTheSameForOneId) {
  SeededRandom random(2);
  int recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    const TraceId id = NewTrace(Sampling::kDrop, random).trace_id;
    const Sampling decision = DecideSampling(id, 0.25);
    EXPECT_EQ(decision, DecideSampling(id, 0.25));
    if (decision == Sampling::kRecord) ++recorded;
    EXPECT_EQ(DecideSampling(id, 0), Sampling::kDrop);
    EXPECT_EQ(DecideSampling(id, 1), Sampling::kRecord);
  }
  EXPECT_GT(recorded, 2300);
  EXPECT_LT(recorded, 2700);
}

TEST(TraceTest, TracestateIsBoundedAndPrintable) {
  EXPECT_TRUE(IsValidTracestate("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"));
  EXPECT_TRUE(IsValidTracestate(std::string(512, 'a')));
  EXPECT_FALSE(IsValidTracestate(std::string(513, 'a')));
  EXPECT_FALSE(IsValidTracestate("a=b\r\nx: y"));
}

Span SampleSpan() {
  Span span;
  span.context = *ParseTraceparent(kField);
  span.parent_id = {std::byte{1}};
  span.name = "POST /thumbnail";
  span.start_ns = 1'700'000'000'000'000'001;
  span.end_ns = 1'700'000'000'000'000'999;
  span.attributes = {{"faas.name", "thumbnail"}, {"url.path", "/thumbnail\n"}};
  span.numbers = {{"http.response.status_code", 500}, {"delta", -1}};
  span.error = "trap";
  return span;
}

TEST(TraceTest, ASpanSurvivesTheRing) {
  const Span span = SampleSpan();
  const auto read = SpanFromJson(SpanToJson(span));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, span);

  Span root = span;
  root.parent_id = {};
  root.error.clear();
  root.attributes.clear();
  const auto read_root = SpanFromJson(SpanToJson(root));
  ASSERT_TRUE(read_root) << read_root.error().message;
  EXPECT_EQ(*read_root, root);
}

TEST(TraceTest, ABatchIsOtlpJson) {
  const std::vector<std::pair<std::string, std::string>> resource = {{"service.name", "strata"}};
  const std::vector<Span> spans = {SampleSpan()};
  const auto body = ParseJson(EncodeSpans(resource, spans));
  ASSERT_TRUE(body);
  const Json& resource_spans = body->at("resourceSpans").at(0);
  EXPECT_EQ(resource_spans.at("resource").dump(),
            R"({"attributes":[{"key":"service.name","value":{"stringValue":"strata"}}]})");
  const Json& span = resource_spans.at("scopeSpans").at(0).at("spans").at(0);
  EXPECT_EQ(span.at("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span.at("spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(span.at("parentSpanId"), "0100000000000000");
  EXPECT_EQ(span.at("kind"), 2);
  EXPECT_EQ(span.at("startTimeUnixNano"), "1700000000000000001");
  EXPECT_EQ(span.at("attributes").at(2).dump(),
            R"({"key":"http.response.status_code","value":{"intValue":"500"}})");
  EXPECT_EQ(span.at("status").dump(), R"({"code":2,"message":"trap"})");
}

TEST(TraceTest, ASpanTextThatWeDidNotWriteIsRefused) {
  const Json good = *ParseJson(SpanToJson(SampleSpan()));
  for (const auto& [name, value] : good.items()) {
    const bool optional = name == "parentSpanId" || name == "status";
    Json missing = good;
    missing.erase(name);
    EXPECT_EQ(SpanFromJson(missing.dump()).has_value(), optional) << name;
    for (const Json& wrong : {Json(nullptr), Json(7), Json(-1.5), Json("zz"), Json::array({1}),
                              Json::object({{"a", 1}})}) {
      Json bad = good;
      bad[name] = wrong;
      if (name == "name" && wrong.is_string()) continue;
      EXPECT_FALSE(SpanFromJson(bad.dump())) << bad.dump();
    }
  }
  Json more = good;
  more["links"] = Json::array();
  EXPECT_FALSE(SpanFromJson(more.dump()));
  for (const char* text : {"", "[]", "1", "null", "{"}) EXPECT_FALSE(SpanFromJson(text)) << text;
}

}  // namespace
}  // namespace strata::telemetry
