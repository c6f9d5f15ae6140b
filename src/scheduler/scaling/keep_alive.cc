#include "scheduler/scaling/keep_alive.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scheduler/learning/log_bins.h"

namespace strata::scheduler {
namespace {

using std::chrono::milliseconds;

constexpr Duration kUnit = milliseconds(125);  // the first bins; eight of them are a second
using Bins = LogBins<3>;                       // eight bins for each doubling
constexpr std::uint32_t kEnough = 4;           // idle times that say something
constexpr std::size_t kMargin = 2;             // bins, for idle times a little longer than any seen
constexpr double kConcentrated = 3;            // coefficient of variation of the bins

}  // namespace

std::size_t KeepAlive::Histogram::BinOf(Duration idle) noexcept {
  const auto units = static_cast<std::uint64_t>(std::max(idle, Duration::zero()) / kUnit);
  return std::min(Bins::BinOf(units), kBins);
}

Duration KeepAlive::Histogram::EdgeOf(std::size_t bin) noexcept {
  return kUnit * static_cast<std::int64_t>(Bins::EdgeOf(bin));
}

std::size_t KeepAlive::GroupOf(std::uint32_t level) noexcept {
  return static_cast<std::size_t>(std::ranges::lower_bound(kGroupEnds, level) - kGroupEnds.begin());
}

// Null: that level is not watched.
TimePoint* KeepAlive::VacatedAt(std::uint32_t level) noexcept {
  if (level == 1) return &vacated_;
  const auto found = std::ranges::lower_bound(kWatched, level);
  if (found == kWatched.end() || *found != level) return nullptr;
  return &deep_->vacated[static_cast<std::size_t>(found - kWatched.begin())];
}

KeepAlive::Histogram& KeepAlive::At(std::uint32_t level) noexcept {
  return level == 1 ? alone_ : deep_->histograms[GroupOf(level)];
}

void KeepAlive::OnBegin(std::uint32_t running, TimePoint now) {
  if (running > 1 && deep_ == nullptr) deep_ = std::make_unique<Deep>();
  const TimePoint* vacated = VacatedAt(running);
  if (vacated != nullptr && *vacated != TimePoint()) At(running).Count(now - *vacated);
}

void KeepAlive::Histogram::Count(Duration idle) noexcept {
  const std::size_t bin = BinOf(idle);
  if (until_next_ > 0) --until_next_;
  ++seen_;
  if (bin == kBins) {
    ++beyond_;
    return;
  }
  if (++bins_[bin] < std::numeric_limits<std::uint8_t>::max()) return;
  beyond_ /= 2;
  seen_ = beyond_;
  for (std::uint8_t& each : bins_) seen_ += each /= 2;
}

Window KeepAlive::OnEnd(std::uint32_t others, TimePoint now, const Terms& terms) {
  const std::uint32_t level = others + 1;
  if (level > 1 && deep_ == nullptr) deep_ = std::make_unique<Deep>();
  if (TimePoint* vacated = VacatedAt(level)) *vacated = now;
  return At(level).Decide(terms, level == 1);
}

Window KeepAlive::Histogram::Decide(const Terms& terms, bool may_prewarm) noexcept {
  if (until_next_ == 0) {
    decided_ = Best(terms, may_prewarm && IsConcentrated());
    until_next_ = 1 + seen_ / 8;
  }
  return decided_;
}

bool KeepAlive::Histogram::IsConcentrated() const noexcept {
  double squares = 0;
  for (const std::uint8_t count : bins_) squares += static_cast<double>(count) * count;
  const double mean = static_cast<double>(seen_ - beyond_) / kBins;
  if (mean == 0) return false;
  return std::sqrt(std::max(squares / kBins - mean * mean, 0.0)) >= kConcentrated * mean;
}

// Each bin that a window takes in avoids the waits of the idle times in it, and costs idle time:
// half of the bin for those, all of it for the longer ones. So the best window is the run of bins
// with the greatest sum. One that begins later than at once also costs a creation for each idle
// time that turns out longer, but not for the others, whose creation it is.
Window KeepAlive::Histogram::Best(const Terms& terms, bool may_prewarm) const noexcept {
  const auto worth = static_cast<double>((terms.wait + terms.creation).count());
  if (seen_ < kEnough) return {{}, std::min(terms.standard, terms.wait + terms.creation)};
  double longer = seen_;  // idle times that reach the bin's end
  double at_once = 0;     // of the window [0, this bin]
  double later = 0;       // of the best window that begins later and goes on to this bin
  std::size_t begins = 0;
  double most = 0;
  Window best;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const double here = bins_[bin];
    if (longer == 0) break;
    longer -= here;
    const auto width = static_cast<double>((EdgeOf(bin + 1) - EdgeOf(bin)).count());
    const double idle = here * width / 2 + longer * width;
    at_once += here * worth - idle;
    if (at_once > most) {
      most = at_once;
      best = {{}, EdgeOf(std::min(bin + 1 + kMargin, kBins))};
    }
    if (!may_prewarm || bin == 0) continue;
    if (later <= 0) {
      later = 0;
      begins = bin;
    }
    later += here * static_cast<double>(terms.wait.count()) - idle;
    const double net = later - longer * static_cast<double>(terms.creation.count());
    if (net > most) {
      most = net;
      best = {EdgeOf(begins), EdgeOf(bin + 1)};
    }
  }
  return best;
}

}  // namespace strata::scheduler
