// sandbox/call/log_lines.h - cuts what a guest prints into lines for a LogSink, which takes whole
// lines.
//
//   a pipe, a port, a host call --Write--> [ LogLines ] --whole lines--> LogSink (driver.h)
//
// A line longer than 8 KiB comes in pieces, so a guest that never ends its line cannot fill our
// memory. Bytes are passed on as they are; whoever shows them makes them harmless.
//
// Threads:  the loop's. Lifetime: the sink outlives it; its end hands over what is left.
// Errors:   none. Tested by sandbox/call/log_lines_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/driver.h"

namespace strata::sandbox {

// "stdout", "stderr", "host": as logs and messages have it.
std::string_view StreamName(Stream stream) noexcept;

class LogLines {
 public:
  // `sink` may be null: nothing is kept then.
  LogLines(LogSink* sink, Stream stream) : sink_(sink), stream_(stream) {}
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { Flush(); }

  void Write(std::string_view text);

  // Hands over a line that has not ended yet.
  void Flush();

 private:
  LogSink* const sink_;
  const Stream stream_;
  std::string line_;
};

}  // namespace strata::sandbox
