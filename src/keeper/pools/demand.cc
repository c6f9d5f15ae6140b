#include "keeper/pools/demand.h"

#include <algorithm>

namespace strata::keeper {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr Bytes kLeast = Bytes::MiB(16);  // what any sandbox costs the host: namespaces, mounts
constexpr Duration kLongest = std::chrono::hours(4);

std::uint32_t MostOf(const model::Scale& scale) {
  if (scale.keep_alive == std::chrono::milliseconds::zero()) return 0;
  return scale.max.value_or(std::max(scale.min.value_or(0), Demand::kMost));
}

}  // namespace

Demand::Demand(const model::Scale& scale, const meter::Price& price)
    : min_(scale.min.value_or(0)), price_(price), fixed_(scale.keep_alive), kept_(MostOf(scale)) {
  Learn({}, {});
}

void Demand::Learn(Bytes held, Duration creation) {
  const double mib = static_cast<double>(std::max(held, kLeast).count) / (1 << 20);
  const auto idle = [ms = price_.Of({.mib_ms = mib})](double dollars) {
    const Milliseconds longest(kLongest);
    if (ms * longest.count() <= dollars) return kLongest;
    return std::chrono::duration_cast<Duration>(Milliseconds(dollars / ms));
  };
  // Of its creation only the time is known, in which it keeps about one processor busy.
  terms_.wait = idle(price_.wait);
  terms_.creation = idle(price_.Of({.cpu_ms = Milliseconds(creation).count(), .starts = 1}));
}

void Demand::OnBegin(TimePoint now) {
  ++running_;
  keep_alive_.OnBegin(running_, now);
  if (running_ > kept_.size()) return;
  Kept& kept = kept_[running_ - 1];
  kept.from = now;
  kept.until = now + kept.stays;
}

void Demand::OnEnd(TimePoint now) {
  --running_;
  const scheduler::Window window = Decide(now);
  if (running_ >= kept_.size()) return;
  kept_[running_] = {.from = now + window.from,
                     .until = now + window.until,
                     .stays = window.from == Duration::zero() ? window.until : Duration::zero()};
}

scheduler::Window Demand::Decide(TimePoint now) {
  if (fixed_) return {.from = {}, .until = *fixed_};
  return keep_alive_.OnEnd(running_, now, terms_);
}

std::uint32_t Demand::Wanted(TimePoint now) const {
  const auto waits = [now](const Kept& kept) { return kept.from <= now && now < kept.until; };
  const auto count = static_cast<std::uint32_t>(std::ranges::count_if(kept_, waits));
  return std::clamp(count, min_, std::max(min_, static_cast<std::uint32_t>(kept_.size())));
}

std::optional<TimePoint> Demand::NextChange(TimePoint now) const {
  std::optional<TimePoint> next;
  for (const Kept& kept : kept_) {
    if (now >= kept.until || kept.from >= kept.until) continue;
    const TimePoint change = now < kept.from ? kept.from : kept.until;
    next = next ? std::min(*next, change) : change;
  }
  return next;
}

}  // namespace strata::keeper
