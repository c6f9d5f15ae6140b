// scheduler/simulate/csv_trace.h - a trace from a file of comma-separated values.
//
//   function,start_ms,duration_ms,memory_mib,p99_ms,security,wasm     the first line: names
//   resize,0,12.5,64,100,,true
//   report,40,900,128,,high,false
//
// A line for each call, earliest start first. The columns, in any order; of all but the first three
// a field may be empty and the column missing:
//   function        a name of 1 to 256 bytes, anything but a comma, a quotation mark or a control
//                   character
//   start_ms, duration_ms, memory_mib            numbers from 0 to 1e12; no memory: 0
//   p99_ms, cold_start_ms                        the function's slo, as in a manifest; none: it has
//                                                none
//   security        low, medium, high            none: low
//   wasm            true, false: it has a wasm variant; none: the simulator's share decides
// The last four are the function's: all its lines say the same. There is no quoting, so there is
// nothing that a library for the many dialects of CSV would do here: a line is cut at its commas,
// and a byte order mark before the first is no part of it.
//
// A file is read twice: ScanCsv learns what its functions need (the mean and the most of a call's
// duration, the most of its memory, what they ask for), CsvTrace then streams the calls.
//
// The bytes are untrusted: reading is total, and bounded by a line (kMostLine) and by the functions
// (kMostFunctions in generator.h). Errors: kInvalidArgument with the line's number; what Input
// returns. Threads: one a reader. Tested by csv_trace_test.cc and tests/fuzz/csv_trace_fuzz.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "scheduler/simulate/trace.h"

namespace strata::scheduler::simulate {

inline constexpr std::size_t kMostLine = 1024;

// The bytes of a file, from its first; this library reads none itself.
class Input {
 public:
  virtual ~Input() = default;
  // How many bytes were put into `to`; 0: that was the end.
  virtual Result<std::size_t> Read(std::span<char> to) = 0;
};

// Lines of an input, cut at their commas.
class CsvReader {
 public:
  explicit CsvReader(Input& input) : input_(input) {}

  // What a function asks of whatever serves it.
  struct Demands {
    model::Level security = model::Level::kLow;
    model::Slo slo;
    std::optional<bool> wasm;
    friend bool operator==(const Demands&, const Demands&) = default;
  };
  struct Row {
    std::string_view function;  // until the next Next()
    double start_ms = 0;
    double duration_ms = 0;
    double memory_mib = 0;
    Demands demands;
  };
  Result<std::optional<Row>> Next();
  // kInvalidArgument: "line N: `what`", N being that of the row read last.
  [[nodiscard]] std::unexpected<Error> Wrong(const std::string& what) const;

 private:
  Result<std::optional<std::string_view>> Line();
  Result<void> ReadHeader(std::string_view line);
  Result<Row> ReadRow(std::string_view line);
  Result<void> ReadField(std::size_t column, std::string_view field, Row& row) const;

  Input& input_;
  std::string buffer_;
  std::size_t used_ = 0;  // of buffer_
  bool ended_ = false;
  std::uint64_t number_ = 0;          // of the line, from 1
  std::vector<std::size_t> columns_;  // what each field of a line is; empty: no header yet
  double last_start_ms_ = 0;
};

// What a whole file says of its functions.
struct CsvFunctions {
  std::vector<Function> functions;
  std::unordered_map<std::string, std::uint32_t> index;  // by name
  std::uint64_t calls = 0;
};
Result<CsvFunctions> ScanCsv(Input& input);

class CsvTrace final : public Trace {
 public:
  // `functions` is what ScanCsv said of the same bytes; shared by traces that are read side by
  // side.
  CsvTrace(std::unique_ptr<Input> input, std::shared_ptr<const CsvFunctions> functions);

  [[nodiscard]] std::span<const Function> functions() const noexcept override {
    return functions_->functions;
  }
  // kFailedPrecondition: the file has changed since ScanCsv.
  Result<std::optional<Call>> Next() override;

 private:
  std::unique_ptr<Input> input_;
  std::shared_ptr<const CsvFunctions> functions_;
  CsvReader reader_;
};

}  // namespace strata::scheduler::simulate
