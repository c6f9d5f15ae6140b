// cell/wire/log_line.h - one line that a guest (or the cell itself) printed, as it travels through
// the ring: the text of a telemetry::RecordType::kLog record.
//
//   ring_sink.h --EncodeLogLine--> ring --DecodeLogLine--> manager/records/collector.h --> logs/
//
// The cell encodes, the manager decodes; a cell is not trusted, so decoding is strict and total.
//
// Threads:  pure; any. Errors: of decoding only. Tested by cell/wire/log_line_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::cell {

struct LogLine {
  static constexpr std::uint32_t kNoFunction = 0xffffffff;  // the cell's own words

  std::uint32_t generation = 0;  // of the configuration that `function` is an index into
  std::uint32_t function = kNoFunction;
  std::string sandbox;        // its id; empty: none
  std::string stream;         // "stdout", "stderr", "host" (the driver's words), "cell"
  std::string trace_id;       // 32 hex digits; empty: outside of a call
  std::uint64_t time_ns = 0;  // since the Unix epoch
  std::string text;           // without its newline; bytes that are no UTF-8 became U+FFFD
};

std::string EncodeLogLine(const LogLine& line);

// kInvalidArgument for anything that EncodeLogLine does not write.
Result<LogLine> DecodeLogLine(std::string_view text);

}  // namespace strata::cell
