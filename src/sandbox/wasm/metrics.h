// sandbox/wasm/metrics.h - what a WasmDriver counts. Plain numbers on the driver's loop; the cell
// copies them to its metrics page. All but `sandboxes_live` only grow.
#pragma once

#include <cstdint>

namespace strata::sandbox::wasm {

struct Metrics {
  std::uint64_t images = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t sandboxes_live = 0;
  std::uint64_t refused_full = 0;  // Create failed: no slot left

  std::uint64_t calls = 0;
  std::uint64_t returned = 0;  // the next four and `failed` add up to the calls that ended
  std::uint64_t limits = 0;
  std::uint64_t violations = 0;
  std::uint64_t stopped = 0;
  std::uint64_t failed = 0;  // the engine broke or had no slot
  std::uint64_t yields = 0;  // polls that did not finish the call

  std::uint64_t outgoing = 0;         // outgoing requests that were granted
  std::uint64_t outgoing_denied = 0;  // not granted, or over limits.host_calls
  std::uint64_t outgoing_failed = 0;  // connection, TLS or protocol
};

}  // namespace strata::sandbox::wasm
