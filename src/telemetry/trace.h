// telemetry/trace.h - W3C trace context and OpenTelemetry spans as values.
//
//   request head --ParseTraceparent--> TraceContext --Child--> guest's traceparent, Span --> ring
//   ring --SpanFromJson--> EncodeSpans --> the manager posts it to an OTLP/HTTP endpoint
//
// Pure: no I/O, no clock and no random source of its own. Tested by telemetry/trace_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace strata::telemetry {

using TraceId = std::array<std::byte, 16>;
using SpanId = std::array<std::byte, 8>;

enum class Sampling : std::uint8_t { kDrop, kRecord };

// Where one piece of work stands in a trace. All-zero ids are invalid and never occur in one.
struct TraceContext {
  TraceId trace_id = {};
  SpanId span_id = {};
  Sampling sampling = Sampling::kDrop;
  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// The `traceparent` field as W3C Trace Context 1 defines it; nothing when it is malformed (the
// caller then starts a new trace). Higher versions are read as far as version 00 goes.
std::optional<TraceContext> ParseTraceparent(std::string_view field) noexcept;
std::string FormatTraceparent(const TraceContext& context);

// True when a `tracestate` may be passed on: at most 512 printable characters.
bool IsValidTracestate(std::string_view field) noexcept;

// A new trace, or a new span in the parent's trace (its sampling decision stands).
TraceContext NewTrace(Sampling sampling, Random& random);
TraceContext Child(const TraceContext& parent, Random& random);

// Whether to record a new trace: a fixed function of its id, so that every process agrees, and
// `ratio` (0..1) of all traces say yes.
Sampling DecideSampling(const TraceId& trace_id, double ratio) noexcept;

// One finished piece of work.
struct Span {
  TraceContext context;
  SpanId parent_id = {};  // all zero: the root of its trace
  std::string name;
  enum class Kind : std::uint8_t { kInternal = 1, kServer = 2, kClient = 3 } kind = Kind::kServer;
  std::uint64_t start_ns = 0;  // since the Unix epoch
  std::uint64_t end_ns = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<std::pair<std::string, std::int64_t>> numbers;  // attributes with an integer value
  std::string error;                                          // not empty: status is ERROR
  friend bool operator==(const Span&, const Span&) = default;
};

// One span as an OTLP JSON object, and back. SpanFromJson reads hostile input (a cell's ring): it
// accepts what SpanToJson writes and refuses everything else with kInvalidArgument.
std::string SpanToJson(const Span& span);
Result<Span> SpanFromJson(std::string_view text);

// The body of a POST to /v1/traces: all `spans` under one resource with these attributes
// ("service.name" and so on).
std::string EncodeSpans(std::span<const std::pair<std::string, std::string>> resource,
                        std::span<const Span> spans);

}  // namespace strata::telemetry
