// route/plan/path.h - the one spelling of a path that routes are matched by.
//
// A guest sees the target as it was sent. So that a route never matches a path other than the one
// that the guest understands, everything that servers read in more than one way is refused instead
// of being normalised: "." and ".." segments, empty segments, backslashes, control characters, and
// encoded slashes, dots, backslashes and NULs. Other encoded unreserved characters ("%61" for "a")
// are the same path by RFC 3986 and are decoded for the match only.
//
// Pure; no threads. Tested by path_test.cc and tests/fuzz/route_fuzz.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::route {

// The canonical form of `path`. The result borrows `path`, or `scratch` when something had to be
// decoded: no allocation for a path without '%'. Fails with kInvalidArgument.
Result<std::string_view> CanonicalPath(std::string_view path, std::string& scratch);

}  // namespace strata::route
