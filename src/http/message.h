// http/message.h - the head of a request and of a response, as every layer above http sees them.
//
//   Connection --RequestHead--> route, api, sandbox --ResponseHead--> ResponseWriter
//
// Names are compared without case; values are trimmed; a head that reaches a handler is well formed
// (strict framing is http/parse/parser.h's business). Percent signs are left as they came.
//
// Threads:  values. Lifetime: a RequestHead's views borrow the connection's buffer: it is valid
//           until its exchange ends. A ResponseHead owns its texts. Tested by parser_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strata::http {

struct Header {
  std::string_view name;
  std::string_view value;
};

struct RequestHead {
  std::string_view method;  // "GET"
  std::string_view target;  // as sent, origin form: "/a/b?c=d"
  std::string_view path;    // target up to '?', not decoded
  std::string_view query;   // after '?', empty when absent
  std::string_view host;    // Host field without port, lower case not guaranteed
  std::string_view scheme;  // "http" or "https"
  std::string_view peer;    // "127.0.0.1:5000" or "unix"
  std::span<const Header> headers;
  std::optional<std::uint64_t> content_length;  // absent: none, or chunked
};

// The value of the first field called `name` (any case), or nothing.
std::optional<std::string_view> FindHeader(std::span<const Header> headers, std::string_view name);

// The value of a Content-Length field: digits only, or nothing.
std::optional<std::uint64_t> ParseContentLength(std::string_view text);

// A head that owns its strings, for whoever answers.
struct ResponseHead {
  std::uint16_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace strata::http
