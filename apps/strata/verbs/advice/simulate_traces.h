// apps/strata/verbs/advice/simulate_traces.h - the calls that `strata simulate` runs through: made
// up by a shape, or from a CSV file, as often as policies are compared.
//
//   --trace FILE, - or none --> [ Traces ] --> a Trace for each run --> scheduler/simulate
//
// Threads:  Make from any, each trace is then one thread's. Lifetime: traces stand for themselves;
// what standard input said lies in a file without a name until the last Traces is gone.
// Errors:   csv_trace.h, with the file's name; CheckShape's; what the file system says.
// Tested by tests/e2e/simulate_test.py.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/json.h"
#include "scheduler/simulate/csv_trace.h"
#include "scheduler/simulate/generator.h"

namespace strata::cli {

class Traces {
 public:
  // `file` is a path, "-" for standard input, or empty: calls of `shape` are made up.
  static Result<Traces> Open(const scheduler::simulate::Shape& shape, const std::string& file);

  // The same calls each time.
  [[nodiscard]] Result<std::unique_ptr<scheduler::simulate::Trace>> Make() const;

  [[nodiscard]] std::uint64_t calls() const;

  // {"source", "calls", "hours", "functions", "functions_with_slo"} and, when they are made up,
  // what they were made by. `span` is how long a run has found them to be.
  [[nodiscard]] Json ToJson(Duration span) const;

 private:
  scheduler::simulate::Shape shape_;
  std::string file_;
  std::string name_;                // of it, for people
  std::shared_ptr<const Fd> kept_;  // standard input's
  std::shared_ptr<const scheduler::simulate::CsvFunctions> functions_;
};

}  // namespace strata::cli
