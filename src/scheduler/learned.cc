#include "scheduler/learned.h"

#include <algorithm>
#include <cmath>

namespace strata::scheduler {

void MovingMean::Add(double value) {
  seen_ = std::min(seen_ + 1, window_);
  value_ += (value - value_) / seen_;
}

void Score::Add(double predicted, double actual) {
  Score one;
  one.calls_ = 1;
  one.mean_ = actual;
  one.missed_sum_ = (predicted - actual) * (predicted - actual);
  one.off_sum_ = std::abs(predicted - actual);
  Merge(one);
}

// Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979.
void Score::Merge(const Score& other) {
  if (other.calls_ == 0) return;
  const auto mine = static_cast<double>(calls_);
  const auto theirs = static_cast<double>(other.calls_);
  const double apart = other.mean_ - mean_;
  mean_ += apart * theirs / (mine + theirs);
  variance_sum_ += other.variance_sum_ + apart * apart * mine * theirs / (mine + theirs);
  missed_sum_ += other.missed_sum_;
  off_sum_ += other.off_sum_;
  calls_ += other.calls_;
}

std::optional<double> Score::explained() const {
  if (variance_sum_ <= 0) return std::nullopt;
  return 1 - missed_sum_ / variance_sum_;
}

std::optional<double> Score::error() const {
  const double all = mean_ * static_cast<double>(calls_);
  if (all <= 0) return std::nullopt;
  return off_sum_ / all;
}

void Learned::Learn(std::uint32_t revision, const CallSeen& call) {
  if (revision > revision_) {
    revision_ = revision;
    for (Sketch* sketch : {&start_, &service_, &whole_}) {
      if (sketch->weight() > kCarried) sketch->Fade(kCarried / sketch->weight());
    }
    failures_.Carry(kCarried);
  }
  failures_.Add(call.failed ? 1 : 0);
  if (call.failed) return;  // how soon it failed says nothing of how long it takes
  const double whole = call.start_ms + call.service_ms;
  if (whole_.weight() > 0) score_.Add(mean_ms_.value(), whole);
  start_.Add(call.start_ms);
  service_.Add(call.service_ms);
  whole_.Add(whole);
  mean_ms_.Add(whole);
  cpu_ms_.Add(call.cpu_ms);
  memory_.Add(call.memory_mib);
}

std::optional<Figures> Learned::With(const std::optional<Figures>& prior) const {
  if (whole_.weight() <= 0) return std::nullopt;
  Figures own{.p50_ms = whole_.Quantile(0.50),
              .p99_ms = whole_.Quantile(0.99),
              .cold_start_ms = std::nullopt,
              .cpu_ms = cpu_ms_.value(),
              .busy_ms = cpu_ms_.value(),
              .memory_mib = memory_.value(),
              .failures = failures(),
              .source = "its own calls"};
  if (!prior) return own;
  const double share = whole_.weight() / (whole_.weight() + kPrior);
  const auto mix = [share](double mine, double before) {
    return share * mine + (1 - share) * before;
  };
  own.p50_ms = mix(own.p50_ms, prior->p50_ms);
  own.p99_ms = mix(own.p99_ms, prior->p99_ms);
  own.cpu_ms = mix(own.cpu_ms, prior->cpu_ms);
  own.memory_mib = mix(own.memory_mib, prior->memory_mib);
  own.busy_ms = own.cpu_ms + std::max(prior->busy_ms - prior->cpu_ms, 0.0);
  own.cold_start_ms = prior->cold_start_ms;
  own.source = "its own calls + strata measure";
  return own;
}

}  // namespace strata::scheduler
