// base/timestamp.h - wall time as people and other programs read it: RFC 3339, UTC,
// microseconds: "2026-11-27T17:30:00.000000Z".
//
// Of what the API and the logs say; durations are measured by Clock's steady time. One line of the
// access log has one, so it is made without strftime and locale.
//
// Threads:  pure; any. Errors: none: every time has a text, also before 1970.
// Tested by timestamp_test.cc.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace strata {

std::string Rfc3339(WallTime time);

// Of nanoseconds since the Unix epoch, as records have them; until 2262.
constexpr WallTime FromEpoch(std::uint64_t nanoseconds) {
  return WallTime(Duration(static_cast<Duration::rep>(nanoseconds)));
}

}  // namespace strata
