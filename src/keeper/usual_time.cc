#include "keeper/usual_time.h"

#include <chrono>

namespace strata::keeper {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr double kMedian = 0.5;
constexpr double kHalf = 0.5;

}  // namespace

// What was cut short above the median would have ended above it. Below it says nothing: counted, it
// would let more calls begin that have no time left, which are cut short again.
void UsualTime::Add(Duration took, End end) {
  const double ms = Milliseconds(took).count();
  if (end == End::kCutShort && ms < took_.Quantile(kMedian)) return;
  took_.Add(ms);
  if (took_.weight() >= 2 * kLast) took_.Fade(kHalf);
}

Duration UsualTime::value() const {
  if (took_.weight() < kFew) return {};
  return std::chrono::duration_cast<Duration>(Milliseconds(took_.Quantile(kMedian)));
}

}  // namespace strata::keeper
