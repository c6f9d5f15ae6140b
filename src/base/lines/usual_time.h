// base/lines/usual_time.h - the median time of the last services: where all places are taken, who
// has less time left than that is refused, since it would be served in vain.
//
//   somebody was served --Add--> [ UsualTime ] --value--> keeper::Pool, remote::ServiceLine
//
// A value; asking for the median selects in a copy of kLast. Tested by usual_time_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace strata {

// The median of the last kLast.
class UsualTime {
 public:
  static constexpr std::size_t kLast = 64;
  static constexpr std::size_t kFew = 8;  // that say nothing yet

  enum class End : std::uint8_t {
    kItsOwn,
    kCutShort,  // by its deadline, or its client: how long it would have taken is not known
  };
  // What was cut short above the median would have ended above it. Below it says nothing: counted,
  // it would let more begin that have no time left, which are cut short again.
  void Add(Duration took, End end) {
    if (end == End::kCutShort && took < Median()) return;
    took_[next_++ % kLast] = took;
    seen_ = std::min(seen_ + 1, kLast);
  }
  // 0 while nothing is known.
  [[nodiscard]] Duration value() const { return seen_ < kFew ? Duration::zero() : Median(); }

 private:
  [[nodiscard]] Duration Median() const {
    auto sorted = took_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(seen_ / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(seen_));
    return seen_ == 0 ? Duration::zero() : *middle;
  }

  std::array<Duration, kLast> took_{};
  std::size_t next_ = 0;
  std::size_t seen_ = 0;
};

}  // namespace strata
