#include "telemetry/trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/text/hex.h"
#include "base/text/json.h"

namespace strata::telemetry {
namespace {

constexpr std::size_t kTraceparentLength = 55;  // "00-" 32 "-" 16 "-" 2
constexpr std::size_t kMaxTracestate = 512;
constexpr Bytes kMaxSpanText = 64_KiB;

template <std::size_t N>
bool IsZero(const std::array<std::byte, N>& id) {
  return std::ranges::all_of(id, [](std::byte byte) { return byte == std::byte{0}; });
}

// W3C allows lower-case digits only.
template <std::size_t N>
bool ReadHex(std::string_view text, std::array<std::byte, N>& to) noexcept {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && (c < '0' || c > '9')) return false;
    const int value = letter ? c - 'a' + 10 : c - '0';
    const auto high = i % 2 == 0 ? std::byte{0} : to[i / 2] << 4;
    to[i / 2] = high | static_cast<std::byte>(value);
  }
  return true;
}

template <std::size_t N>
void FillNonZero(std::array<std::byte, N>& id, Random& random) {
  do {
    random.Fill(id);
  } while (IsZero(id));
}

Json AttributeToJson(const std::string& key, Json value) {
  return {{"key", key}, {"value", std::move(value)}};
}

Json ToJson(const Span& span) {
  Json attributes = Json::array();
  for (const auto& [key, value] : span.attributes) {
    attributes.push_back(AttributeToJson(key, {{"stringValue", value}}));
  }
  for (const auto& [key, value] : span.numbers) {
    attributes.push_back(AttributeToJson(key, {{"intValue", std::to_string(value)}}));
  }
  Json object = {
      {"traceId", HexEncode(span.context.trace_id)},
      {"spanId", HexEncode(span.context.span_id)},
      {"name", span.name},
      {"kind", static_cast<unsigned>(span.kind)},
      {"startTimeUnixNano", std::to_string(span.start_ns)},
      {"endTimeUnixNano", std::to_string(span.end_ns)},
      {"attributes", std::move(attributes)},
  };
  if (!IsZero(span.parent_id)) object["parentSpanId"] = HexEncode(span.parent_id);
  if (!span.error.empty()) object["status"] = {{"code", 2}, {"message", span.error}};
  return object;
}

// Reads a span's object. The first problem sticks; what is read after it is empty.
class SpanReader {
 public:
  Result<Span> Read(const Json& object) {
    Span span;
    span.context.trace_id = Id<16>(object, "traceId");
    span.context.span_id = Id<8>(object, "spanId");
    span.context.sampling = Sampling::kRecord;  // else it would not have been recorded
    span.name = Text(object, "name");
    span.kind = ReadKind(Member(object, "kind"));
    span.start_ns = Number<std::uint64_t>(object, "startTimeUnixNano");
    span.end_ns = Number<std::uint64_t>(object, "endTimeUnixNano");
    ReadAttributes(Member(object, "attributes"), span);
    std::size_t members = 7;
    if (object.contains("parentSpanId")) {
      span.parent_id = Id<8>(object, "parentSpanId");
      ++members;
    }
    if (object.contains("status")) {
      span.error = Text(object["status"], "message");
      ++members;
    }
    if (object.size() != members) Problem("an unknown member");
    if (!problem_.empty()) return Fail(Errc::kInvalidArgument, "span: " + problem_);
    return span;
  }

 private:
  void Problem(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }

  const Json& Member(const Json& object, const char* name) {
    static const Json kNone;
    if (object.is_object()) {
      if (const auto found = object.find(name); found != object.end()) return *found;
    }
    Problem(std::string("no ") + name);
    return kNone;
  }

  std::string Text(const Json& object, const char* name) {
    const Json& value = Member(object, name);
    if (value.is_string()) return value.get<std::string>();
    Problem(std::string(name) + " is no text");
    return {};
  }

  // 64-bit integers are text in OTLP's JSON.
  template <typename Integer>
  Integer Number(const Json& object, const char* name) {
    const std::string text = Text(object, name);
    Integer number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) return number;
    Problem(std::string(name) + " is no integer");
    return 0;
  }

  template <std::size_t N>
  std::array<std::byte, N> Id(const Json& object, const char* name) {
    std::array<std::byte, N> id = {};
    if (!ReadHex(Text(object, name), id) || IsZero(id)) Problem(std::string(name) + " is no id");
    return id;
  }

  Span::Kind ReadKind(const Json& value) {
    for (const auto kind : {Span::Kind::kInternal, Span::Kind::kServer, Span::Kind::kClient}) {
      if (value == static_cast<unsigned>(kind)) return kind;
    }
    Problem("unknown kind");
    return Span::Kind::kInternal;
  }

  void ReadAttributes(const Json& list, Span& span) {
    if (!list.is_array()) return Problem("attributes is no list");
    for (const Json& attribute : list) {
      std::string key = Text(attribute, "key");
      const Json& value = Member(attribute, "value");
      if (value.size() != 1) return Problem("an attribute without one value");
      if (value.contains("stringValue")) {
        span.attributes.emplace_back(std::move(key), Text(value, "stringValue"));
      } else {
        span.numbers.emplace_back(std::move(key), Number<std::int64_t>(value, "intValue"));
      }
    }
  }

  std::string problem_;
};

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view field) noexcept {
  if (field.size() < kTraceparentLength) return std::nullopt;
  std::array<std::byte, 1> version = {};
  std::array<std::byte, 1> flags = {};
  TraceContext context;
  const bool well_formed =
      field[2] == '-' && field[35] == '-' && field[52] == '-' &&
      ReadHex(field.substr(0, 2), version) && ReadHex(field.substr(3, 32), context.trace_id) &&
      ReadHex(field.substr(36, 16), context.span_id) && ReadHex(field.substr(53, 2), flags);
  if (!well_formed || version[0] == std::byte{0xff}) return std::nullopt;
  // Version 00 ends here; a later one may go on behind another dash.
  const bool longer = field.size() > kTraceparentLength;
  if (longer && (version[0] == std::byte{0} || field[kTraceparentLength] != '-')) {
    return std::nullopt;
  }
  if (IsZero(context.trace_id) || IsZero(context.span_id)) return std::nullopt;
  const bool sampled = (flags[0] & std::byte{1}) != std::byte{0};
  context.sampling = sampled ? Sampling::kRecord : Sampling::kDrop;
  return context;
}

std::string FormatTraceparent(const TraceContext& context) {
  return "00-" + HexEncode(context.trace_id) + "-" + HexEncode(context.span_id) +
         (context.sampling == Sampling::kRecord ? "-01" : "-00");
}

bool IsValidTracestate(std::string_view field) noexcept {
  return field.size() <= kMaxTracestate &&
         std::ranges::all_of(field, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

TraceContext NewTrace(Sampling sampling, Random& random) {
  TraceContext context;
  context.sampling = sampling;
  FillNonZero(context.trace_id, random);
  FillNonZero(context.span_id, random);
  return context;
}

TraceContext Child(const TraceContext& parent, Random& random) {
  TraceContext child = parent;
  FillNonZero(child.span_id, random);
  return child;
}

Sampling DecideSampling(const TraceId& trace_id, double ratio) noexcept {
  if (!(ratio > 0)) return Sampling::kDrop;  // also NaN
  if (ratio >= 1) return Sampling::kRecord;
  // The last 56 bits are random in every W3C trace id; a double holds 53 of them exactly.
  std::uint64_t bits = 0;
  std::memcpy(&bits, trace_id.data() + 8, sizeof(bits));
  bits = __builtin_bswap64(bits) & ((std::uint64_t{1} << 53) - 1);
  return static_cast<double>(bits) < std::ldexp(ratio, 53) ? Sampling::kRecord : Sampling::kDrop;
}

std::string SpanToJson(const Span& span) { return DumpJson(ToJson(span)); }

Result<Span> SpanFromJson(std::string_view text) {
  auto object = ParseJson(text, kMaxSpanText);
  if (!object) return Wrap(std::move(object).error(), "span");
  return SpanReader().Read(*object);
}

std::string EncodeSpans(std::span<const std::pair<std::string, std::string>> resource,
                        std::span<const Span> spans) {
  Json attributes = Json::array();
  for (const auto& [key, value] : resource) {
    attributes.push_back(AttributeToJson(key, {{"stringValue", value}}));
  }
  Json list = Json::array();
  for (const Span& span : spans) list.push_back(ToJson(span));
  Json scope = {{"scope", {{"name", "strata"}, {"version", STRATA_VERSION}}},
                {"spans", std::move(list)}};
  Json resource_spans = {{"resource", {{"attributes", std::move(attributes)}}},
                         {"scopeSpans", Json::array({std::move(scope)})}};
  return DumpJson({{"resourceSpans", Json::array({std::move(resource_spans)})}});
}

}  // namespace strata::telemetry
