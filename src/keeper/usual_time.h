// keeper/usual_time.h - how long calls of one program take, start included: in a full class whoever
// has less time left than that is refused.
//
//   a call for which a sandbox was made ends --Add--> [ UsualTime ] --value--> Pool
//
// A value. Tested by usual_time_test.cc.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "scheduler/sketch.h"

namespace strata::keeper {

// The median of the last kLast, or twice as many.
class UsualTime {
 public:
  static constexpr double kLast = 64;
  static constexpr double kFew = 8;  // calls that say nothing yet

  enum class End : std::uint8_t {
    kItsOwn,
    kCutShort,  // by its deadline, or its client: how long it would have taken is not known
  };
  void Add(Duration took, End end);
  // 0 while nothing is known.
  [[nodiscard]] Duration value() const;

 private:
  scheduler::Sketch took_;  // ms
};

}  // namespace strata::keeper
