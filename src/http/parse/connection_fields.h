// http/parse/connection_fields.h - header fields that belong to one connection, not to the message
// on it (RFC 9110 7.6.1): whoever hands a message on leaves them behind.
//
// For a front's way to a cell (gateway), the API's there and back (api), a cell's way to a service
// (sandbox/remote), and answers that a handler gives. Whoever forgot one would let a client speak
// for the connection behind us.
//
// Threads:  pure; any. Total. Tested by connection_fields_test.cc, sandbox/remote/forward_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "http/parse/ascii.h"

namespace strata::http {

// The framing of a message is its connection's, too.
constexpr bool IsConnectionField(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames{
      "connection", "keep-alive", "proxy-connection",  "te",
      "trailer",    "upgrade",    "transfer-encoding", "content-length"};
  return std::ranges::any_of(
      kNames, [name](std::string_view each) { return EqualsIgnoreCase(each, name); });
}

// Whether `name` is one of a comma-separated list, such as the value of a Connection field.
constexpr bool IsNamedIn(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (EqualsIgnoreCase(TrimSpace(list.substr(0, comma)), name)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// Which fields of one message are its connection's: those that always are, and those that its
// fields named Connection name.
class ConnectionFields {
 public:
  // `fields`: pairs of name and value.
  explicit ConnectionFields(const auto& fields) {
    for (const auto& [name, value] : fields) {
      if (EqualsIgnoreCase(name, "connection")) named_.append(",").append(value);
    }
  }

  [[nodiscard]] bool Has(std::string_view name) const {
    return IsConnectionField(name) || IsNamedIn(named_, name);
  }

 private:
  std::string named_;  // as one list
};

}  // namespace strata::http
