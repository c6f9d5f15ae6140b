#include "scheduler/moving/overflow.h"

#include <algorithm>

#include "scheduler/placing/bounds.h"

namespace strata::scheduler {
namespace {

constexpr std::chrono::seconds kWindow{5};
constexpr double kMostKept = 99;

}  // namespace

std::uint32_t KeptPercent(double came, double carried) {
  if (came <= 0) return 0;
  const auto percent =
      static_cast<std::uint32_t>(std::clamp(100 * kUsable * carried / came, 0.0, kMostKept));
  return percent < kLeastKept ? 0 : percent;
}

Calm::Calm(double carried, Duration wait, TimePoint now)
    : most_(kUsable * carried), wait_(wait), began_(now), since_(now) {}

bool Calm::Check(TimePoint now) {
  if (now - began_ < kWindow) return false;
  const std::chrono::duration<double> seconds = now - began_;
  if (static_cast<double>(calls_) > most_ * seconds.count()) since_ = now;
  began_ = now;
  calls_ = 0;
  return now - since_ >= wait_;
}

}  // namespace strata::scheduler
