#include "scheduler/scaling/autoscale.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace strata::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLongestStable = seconds(60);
constexpr Duration kShortestStable = seconds(6);
constexpr Duration kLookAgain = seconds(1);
constexpr Duration kOneSample = milliseconds(250);  // what comes faster is taken together
// A request that need not wait is worth ten idle minutes, as long as is usual to keep what little
// is known of. A start costs about a second of processor time, for which most prices give a hundred
// MiB for two minutes.
constexpr Terms kTerms{.wait = std::chrono::minutes(10), .creation = std::chrono::minutes(2)};
constexpr std::uint32_t kPanicFactor = 2;
constexpr double kRounding = 1e-6;  // of a replica: what sums of times are wrong by

// Whoever wants idle replicas gone soon has them gone soon.
Duration StableWindow(const model::Scale& scale) {
  if (!scale.keep_alive) return kLongestStable;
  return std::clamp<Duration>(*scale.keep_alive, kShortestStable, kLongestStable);
}

std::string InSeconds(Duration time) {
  return std::to_string(std::chrono::round<seconds>(time).count()) + " s";
}

std::string Tenths(double number) {
  const auto tenths = static_cast<std::int64_t>(std::lround(number * 10));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

Autoscaler::Autoscaler(const model::Scale& scale, TimePoint now)
    : min_(scale.min.value_or(*model::kServiceScale.min)),
      max_(scale.max.value_or(*model::kServiceScale.max)),
      concurrency_(scale.concurrency.value_or(*model::kServiceScale.concurrency)),
      keep_alive_(scale.keep_alive),
      stable_(StableWindow(scale)),
      idle_since_(now) {}

void Autoscaler::Observe(const Demand& demand, TimePoint now) {
  if (!samples_.empty() && now - samples_.back().at < kOneSample) {
    samples_.back().requests = demand.requests;
  } else {
    samples_.push_back({now, demand.requests});
  }
  while (samples_.size() > 1 && samples_[1].at <= now - stable_) samples_.pop_front();
  if (demand.requests == 0) {
    if (!idle_since_) BeIdle(demand.idle_since);
  } else if (idle_since_) {
    idle_times_.OnBegin(1, now);
    idle_since_.reset();
  }
}

void Autoscaler::Started(TimePoint now) {
  if (idle_since_) BeIdle(now);
}

void Autoscaler::BeIdle(TimePoint since) {
  idle_since_ = since;
  const Window learned = idle_times_.OnEnd(0, since, kTerms);
  kept_ = keep_alive_ ? Window{.from = {}, .until = *keep_alive_} : learned;
}

// Of the part of the window in which anything was observed.
double Autoscaler::Mean(Duration window, TimePoint now) const {
  if (samples_.empty()) return 0;
  double sum = 0;
  const TimePoint begin = std::max(now - window, samples_.front().at);
  TimePoint end = now;
  for (auto sample = samples_.rbegin(); sample != samples_.rend() && end > begin; ++sample) {
    const TimePoint from = std::max(sample->at, begin);
    sum += sample->requests * static_cast<double>((end - from).count());
    end = from;
  }
  if (now == begin) return samples_.back().requests;
  return sum / static_cast<double>((now - begin).count());
}

std::uint32_t Autoscaler::NeededFor(double requests) const {
  const double needed = std::ceil(requests / concurrency_ - kRounding);
  return static_cast<std::uint32_t>(std::clamp<double>(needed, 0, max_));
}

Scaling Autoscaler::ByLoad(std::uint32_t ready, TimePoint now) {
  const double stable = Mean(stable_, now);
  double panic = Mean(panic_window(), now);
  // Nothing serves: whoever is there waits, and the windows know only of the time before.
  if (ready == 0 && !samples_.empty()) panic = std::max(panic, samples_.back().requests);
  const std::uint32_t needed = NeededFor(panic);
  if (needed >= kPanicFactor * std::max(ready, 1U)) panic_ = now;
  if (panic_ && now - *panic_ >= stable_) {
    panic_.reset();
    panic_most_ = 0;
  }
  if (panic_) panic_most_ = std::max(panic_most_, needed);
  const bool burst = panic_ && panic_most_ > NeededFor(stable);
  return {.replicas = std::max(panic_most_, NeededFor(stable)),
          .why = std::string(burst ? "a burst of " : "") + Tenths(burst ? panic : stable) +
                 " requests at once, " + std::to_string(std::lround(concurrency_)) + " for each",
          .until = now + kLookAgain};
}

// The most that was needed within the scale-down delay.
std::uint32_t Autoscaler::Delayed(std::uint32_t replicas, TimePoint now) {
  while (!needs_.empty() && needs_.back().replicas <= replicas) needs_.pop_back();
  needs_.push_back({now, replicas});
  while (needs_.front().at < now - scale_down_delay()) needs_.pop_front();
  return needs_.front().replicas;
}

Scaling Autoscaler::LastOne(TimePoint now) const {
  const Duration idle = now - *idle_since_;
  const std::string for_long = "idle for " + InSeconds(idle);
  if (idle < kept_.from) return {0, for_long, *idle_since_ + kept_.from};
  if (idle >= kept_.until) return {0, for_long, TimePoint::max()};
  const std::string why = kept_.from == Duration::zero()
                              ? for_long + ", kept for " + InSeconds(kept_.until)
                              : "expected to be called: " + for_long;
  return {1, why, *idle_since_ + kept_.until};
}

Scaling Autoscaler::Decide(std::uint32_t ready, TimePoint now) {
  Scaling scaling = ByLoad(ready, now);
  const std::uint32_t delayed = Delayed(scaling.replicas, now);
  if (delayed > scaling.replicas) {
    scaling.why = "less to do, for less than " + InSeconds(scale_down_delay());
  }
  scaling.replicas = delayed;
  if (idle_since_ && scaling.replicas <= 1) scaling = LastOne(now);
  if (!idle_since_) scaling.replicas = std::max(scaling.replicas, 1U);
  if (scaling.replicas >= min_) return scaling;
  return {min_, scaling.why + "; at least " + std::to_string(min_), scaling.until};
}

}  // namespace strata::scheduler
