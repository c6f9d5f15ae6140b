// manager/timestamp.h - wall time as people and other programs read it: RFC 3339, UTC,
// microseconds. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace strata::manager {

std::string Rfc3339(WallTime time);

constexpr WallTime FromEpoch(std::uint64_t nanoseconds) {
  return WallTime(Duration(static_cast<Duration::rep>(nanoseconds)));
}

}  // namespace strata::manager
