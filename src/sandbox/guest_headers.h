// sandbox/guest_headers.h - the header fields of a call as its guest sees them. Pure.
#pragma once

#include <vector>

#include "sandbox/driver.h"

namespace strata::sandbox {

// The request's fields, with this hop's trace context instead of the client's. Views borrow `call`.
std::vector<http::Header> GuestHeaders(const Call& call);

}  // namespace strata::sandbox
