// http/parse/connection_fields.h - header fields that belong to one connection, not to the message
// on it (RFC 9110 7.6.1): whoever hands a message on leaves them behind.
//
// For a front's way to a cell (gateway), a cell's way to a service (sandbox/remote), and answers
// that a handler gives. Whoever forgot one would let a client speak for the connection behind us.
//
// Threads:  pure; any. Total. Tested by response_writer_test.cc, sandbox/remote/forward_test.cc.
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

// The values of all fields named Connection, as one list.
std::string ConnectionList(const auto& fields) {
  std::string list;
  for (const auto& [name, value] : fields) {
    if (!EqualsIgnoreCase(name, "connection")) continue;
    if (!list.empty()) list += ',';
    list += value;
  }
  return list;
}

}  // namespace strata::http
