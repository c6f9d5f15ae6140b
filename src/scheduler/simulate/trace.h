// scheduler/simulate/trace.h - what was called when: the functions of a trace, and their calls as
// a stream that is never in memory as a whole.
//
//   Generator (made up, by a seed) or CsvTrace (from a file) --> [ Trace ] --> Simulator
//
// What a trace says of a function is what it needs by itself, in whatever sandbox it runs; what
// the sandbox adds comes from this host's record (record.h).
//
// Threads:  one reader at a time. Lifetime: functions() lives as long as the trace.
// Errors:   of a file: csv_trace.h; a generated one has none. Tested by simulator_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/resource.h"

namespace strata::scheduler::simulate {

struct Function {
  double work_ms = 0;  // of a call, on average
  double work_p99_ms = 0;
  Bytes memory;  // of a call
  model::Requires requires_;
  model::Slo slo;
  std::optional<bool> wasm;  // has a wasm variant; nothing: the simulator's share decides
};

struct Call {
  std::uint32_t function = 0;  // index into functions()
  Duration at{};               // since the trace's start
  Duration work{};             // how long it takes by itself
};

class Trace {
 public:
  virtual ~Trace() = default;

  [[nodiscard]] virtual std::span<const Function> functions() const noexcept = 0;

  // The next call, never earlier than the one before; nothing: that was the last. After an error
  // there is no more to read.
  virtual Result<std::optional<Call>> Next() = 0;
};

}  // namespace strata::scheduler::simulate
