// http/parse/head_scanner.h - the strict look at the raw bytes of a message's head, before the
// parser sees them. It finds the head's end and refuses everything two parsers could read
// differently.
//
//   socket --> InputBuffer --> [ HeadScanner ] --> parser (Beast) --> RequestHead
//
// Refused: bare LF or CR, NUL and other control characters, folded lines, a space before the colon
// or an empty name, too many bytes or fields. Works as bytes arrive, so an attack is answered at
// its first bad line and never buffered beyond the limit. Each byte is looked at once.
//
// Threads: a value. Tested by http/parse/parser_test.cc and tests/fuzz/http_parser_fuzz.cc.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "http/problem.h"

namespace strata::http {

struct HeadLimits {
  Bytes bytes = 32_KiB;      // all of it: start line, fields, line ends
  Bytes start_line = 9_KiB;  // longer: 414; a little above `target` for method and version
  Bytes target = 8_KiB;      // longer: 414
  std::size_t fields = 100;  // more: 431
};

class HeadScanner {
 public:
  enum class Step { kNeedMore, kComplete, kRejected };

  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `message` is all of the message that has arrived so far; it must begin with what the last call
  // got. After kComplete or kRejected, call Reset() before the next message.
  Step Scan(std::string_view message);

  // Bytes of the head with its empty line, once complete.
  [[nodiscard]] std::size_t size() const noexcept { return line_begin_; }
  // The head in the same `message`, for a parser: without the empty line before the start line that
  // RFC 9112 asks servers to ignore once.
  [[nodiscard]] std::string_view HeadIn(std::string_view message) const noexcept {
    return message.substr(skipped_, line_begin_ - skipped_);
  }
  [[nodiscard]] const Rejection& rejection() const noexcept { return rejection_; }

  void Reset() noexcept;

 private:
  Step Line(std::string_view line);
  Step Field(std::string_view line);
  Step TooLong(std::size_t unfinished);
  Step Reject(std::uint16_t status, std::string_view detail);

  HeadLimits limits_;
  std::size_t line_begin_ = 0;  // where the first line that is not yet complete begins
  std::size_t searched_ = 0;    // no line end before this offset
  std::size_t skipped_ = 0;
  std::size_t fields_ = 0;
  bool start_line_seen_ = false;
  Rejection rejection_;
};

}  // namespace strata::http
