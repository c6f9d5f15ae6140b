// cell/hop_field.h - what a front tells a host cell of a request that it hands on, as one field of
// the request's head. A front drops a client's own field of this name, and adds this one last.
//
//   gateway --AppendHopField-->
//     "strata-hop: shop cart 1250 <trace> <span> <parent> 1 0 http 192.0.2.7:5000"
//       --ParseHopField--> FrontLines
//
// Only what comes over a line that the manager made is read for it. Pure; no threads. Total: any
// text gives a field or kInvalidArgument. Tested by hop_field_test.cc and tests/fuzz.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "meter/call_record.h"
#include "telemetry/trace.h"

namespace strata::cell {

inline constexpr std::string_view kHopField = "strata-hop";

// Views borrow the text that it was parsed from.
struct HopField {
  std::string_view tenant;
  std::string_view function;
  std::string_view target;  // which of its forms; written as one word with its name: "cart@3"
  std::chrono::microseconds age{0};  // since the front had the request's head
  telemetry::TraceContext trace;
  telemetry::SpanId parent = {};  // zero: the client brought none
  meter::LedBy led_by = meter::LedBy::kTraffic;
  std::string_view scheme;  // that the client used
  std::string_view peer;    // the client's address
  friend bool operator==(const HopField&, const HopField&) = default;
};

// Adds the field's value to `out`.
void AppendHopField(const HopField& field, std::string& out);

Result<HopField> ParseHopField(std::string_view value);

}  // namespace strata::cell
