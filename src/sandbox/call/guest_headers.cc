#include "sandbox/call/guest_headers.h"

#include "http/parse/ascii.h"

namespace strata::sandbox {

std::vector<http::Header> GuestHeaders(const Call& call) {
  std::vector<http::Header> headers;
  headers.reserve(call.head.headers.size() + 2);
  const bool traced = !call.trace.traceparent.empty();
  for (const auto& header : call.head.headers) {
    const bool trace = http::EqualsIgnoreCase(header.name, "traceparent") ||
                       http::EqualsIgnoreCase(header.name, "tracestate");
    if (!traced || !trace) headers.push_back(header);
  }
  if (traced) headers.push_back({"traceparent", call.trace.traceparent});
  if (traced && !call.trace.tracestate.empty()) {
    headers.push_back({"tracestate", call.trace.tracestate});
  }
  return headers;
}

}  // namespace strata::sandbox
