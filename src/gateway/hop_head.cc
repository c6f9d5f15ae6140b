#include "gateway/hop_head.h"

#include <optional>

#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"

namespace strata::gateway {
namespace {

// What the client's connection, its wish for a 100, or nobody but us may say.
bool StaysBehind(std::string_view name, const http::ConnectionFields& connections) {
  return connections.Has(name) || http::EqualsIgnoreCase(name, "expect") ||
         http::EqualsIgnoreCase(name, cell::kHopField);
}

}  // namespace

void AppendHopHead(const http::RequestHead& head, HopBody body, const cell::HopField& field,
                   std::string& out) {
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  const http::ConnectionFields connections(head.headers);
  for (const auto& [name, value] : head.headers) {
    // A Host is never a connection's, whatever a client says.
    if (!StaysBehind(name, connections) || http::EqualsIgnoreCase(name, "host")) add(name, value);
  }
  if (body == HopBody::kSized) add("Content-Length", std::to_string(*head.content_length));
  if (body == HopBody::kChunked) add("Transfer-Encoding", "chunked");
  out.append(cell::kHopField).append(": ");
  cell::AppendHopField(field, out);
  out.append("\r\n\r\n");
}

}  // namespace strata::gateway
