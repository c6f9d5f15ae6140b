// sandbox/call/guest_headers.h - the header fields of a call as its guest sees them.
//
//   Call::head, trace --> [ GuestHeaders ] --> wasm guests, sandbox/call/cgi.h, sandbox/remote
//
// All drivers give the same ones; what a client says of its trace is believed only as far as the
// request path took it over.
//
// Threads:  pure. Lifetime: views borrow `call` and its head. Tested by tests/contract.
#pragma once

#include <vector>

#include "sandbox/driver.h"

namespace strata::sandbox {

// The request's fields, with this hop's trace context instead of the client's. Views borrow `call`.
std::vector<http::Header> GuestHeaders(const Call& call);

}  // namespace strata::sandbox
