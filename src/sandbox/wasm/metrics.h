// sandbox/wasm/metrics.h - what a WasmDriver counts beside what every driver does.
//
//   calls, outgoing requests --> [ Metrics ] --outgoing_denied--> cell's Stats; the rest: tests
//
// Threads:  plain numbers on the driver's loop. All but `sandboxes_live` only grow.
#pragma once

#include <cstdint>

#include "sandbox/call/call_metrics.h"

namespace strata::sandbox::wasm {

struct Metrics : CallMetrics {
  std::uint64_t yields = 0;  // polls that did not finish the call

  std::uint64_t outgoing = 0;         // outgoing requests that were granted
  std::uint64_t outgoing_denied = 0;  // not granted, or over limits.host_calls
  std::uint64_t outgoing_failed = 0;  // connection, TLS or protocol
};

}  // namespace strata::sandbox::wasm
