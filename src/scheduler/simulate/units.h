// scheduler/simulate/units.h - durations and sizes as the numbers that records and prices are in.
//
// Ms and Mib lose nothing that matters there; FromMs and FromMib cut towards zero, to nanoseconds
// and bytes, and take numbers that fit only (292 years, and nothing negative of a size).
// Threads:  pure. Tested through simulator_test.cc.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/bytes.h"
#include "base/clock.h"

namespace strata::scheduler::simulate {

inline double Ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
inline Duration FromMs(double ms) { return Duration(static_cast<std::int64_t>(ms * 1e6)); }

inline double Mib(Bytes bytes) { return static_cast<double>(bytes.count) / (1 << 20); }
inline Bytes FromMib(double mib) { return Bytes{static_cast<std::uint64_t>(mib * (1 << 20))}; }

}  // namespace strata::scheduler::simulate
