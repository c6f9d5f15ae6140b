#include "scheduler/learning/learned.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/sha256.h"
#include "base/text/byte_view.h"

namespace strata::scheduler {
namespace {

// Of anything that is measured, and of sums of its squares.
constexpr double kMostFigure = 1e15;
constexpr double kMostSum = 1e300;

constexpr std::uint64_t kMostCalls = 1ULL << 53;

// What `weight` calls showed, against what was known before them.
double Mixed(double own, double weight, double before) {
  const double share = weight / (weight + Learned::kPrior);
  return share * own + (1 - share) * before;
}

constexpr char kVersion = 6;  // of the encoding; one that differs is not read
constexpr std::size_t kChecksum = 8;

Counted Without(const Sketch& all, const Sketch& carried, double ms) {
  const double above = all.Above(ms) - carried.Above(ms);
  return {.above = std::max(above, 0.0), .calls = std::max(all.weight() - carried.weight(), 0.0)};
}

}  // namespace

void MovingMean::Add(double value) {
  seen_ = std::min(seen_ + 1, window_);
  value_ += (value - value_) / seen_;
}

void MovingMean::Save(StateWriter& to) const {
  to.Number(value_);
  to.Number(seen_);
}

void MovingMean::Load(StateReader& from, double most) {
  value_ = from.Number(most);
  seen_ = from.Number(window_);
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

void Score::Save(StateWriter& to) const {
  to.Count(calls_);
  for (const double each : {mean_, variance_sum_, missed_sum_, off_sum_}) to.Number(each);
}

void Score::Load(StateReader& from) {
  calls_ = from.Count(kMostCalls);
  mean_ = from.Number(kMostFigure);
  for (double* each : {&variance_sum_, &missed_sum_, &off_sum_}) *each = from.Number(kMostSum);
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

void Learned::Learn(const CallSeen& call) {
  ++samples_;
  failures_.Add(call.failed ? 1 : 0);
  crashes_.Add(call.failed && !call.program ? 1 : 0);
  if (call.failed) return;  // how soon it failed says nothing of how long it takes
  const double whole = call.start_ms + call.service_ms;
  if (whole_.weight() > 0) score_.Add(mean_ms_.value(), whole);
  start_.Add(call.start_ms);
  service_.Add(call.service_ms);
  whole_.Add(whole);
  if (call.cold) cold_.Add(whole);
  for (Sketch* sketch : {&start_, &service_}) {
    if (sketch->weight() >= kWindow) sketch->Fade(0.5);
  }
  for (auto [sketch, carried] : {std::pair(&whole_, &carried_whole_), {&cold_, &carried_cold_}}) {
    if (sketch->weight() < kWindow) continue;
    sketch->Fade(0.5);
    carried->Fade(0.5);
  }
  mean_ms_.Add(whole);
  if (call.shared) return;
  cpu_ms_.Add(call.cpu_ms);
  memory_.Add(call.memory_mib);
}

void Learned::LearnLoad(std::optional<double> cpu_ms, double memory_mib) {
  if (cpu_ms) cpu_ms_.Add(*cpu_ms);
  memory_.Add(memory_mib);
}

Learned Learned::Successor() const {
  Learned next = *this;
  next.samples_ = 0;
  next.score_ = {};
  for (Sketch* sketch : {&next.start_, &next.service_, &next.whole_, &next.cold_}) {
    if (sketch->weight() > kCarried) sketch->Fade(kCarried / sketch->weight());
  }
  next.failures_.Carry(kCarried);
  next.crashes_.Carry(kCarried);
  next.carried_whole_ = next.whole_;
  next.carried_cold_ = next.cold_;
  next.carried_crashes_ = next.crashes();
  return next;
}

Counted Learned::Slower(double ms) const noexcept { return Without(whole_, carried_whole_, ms); }

Counted Learned::SlowerCold(double ms) const noexcept { return Without(cold_, carried_cold_, ms); }

// Once the mean forgets, what was carried is too little of it to be seen.
FailureRate Learned::own_crashes() const noexcept {
  const FailureRate all = crashes();
  const double calls = all.calls - carried_crashes_.calls;
  if (calls <= 0) return {};
  const double failed = all.rate * all.calls - carried_crashes_.rate * carried_crashes_.calls;
  return {.rate = std::clamp(failed / calls, 0.0, 1.0), .calls = calls};
}

std::optional<double> Learned::ColdStart(const std::optional<Figures>& prior) const {
  std::optional<double> before = prior ? prior->cold_start_ms : std::nullopt;
  if (before) {
    const Sketch warm = whole_.Without(cold_);
    const double own = Mixed(warm.Quantile(0.99), warm.weight(), prior->p99_ms);
    *before += std::max(own - prior->p99_ms, 0.0);
  }
  if (cold_.weight() <= 0) return before;
  const double own = cold_.Quantile(0.99);
  return before ? Mixed(own, cold_.weight(), *before) : own;
}

std::optional<Figures> Learned::With(const std::optional<Figures>& prior) const {
  if (whole_.weight() <= 0) return std::nullopt;
  Figures own{.p50_ms = whole_.Quantile(0.50),
              .mean_ms = whole_.Mean(),
              .p99_ms = whole_.Quantile(0.99),
              .cold_start_ms = ColdStart(prior),
              .cpu_ms = cpu_ms_.value(),
              .busy_ms = cpu_ms_.value(),
              .memory_mib = memory_.value(),
              .load_known = load_known(),
              .failures = crashes(),
              .failed = failures().rate,
              .source = "its own calls"};
  if (!prior) return own;
  const double weight = whole_.weight();
  const auto mix = [weight](double mine, double before) { return Mixed(mine, weight, before); };
  const double told = own.load_known ? weight : 0;
  own.p50_ms = mix(own.p50_ms, prior->p50_ms);
  own.mean_ms = mix(own.mean_ms, prior->mean_ms);
  own.p99_ms = mix(own.p99_ms, prior->p99_ms);
  own.cpu_ms = Mixed(own.cpu_ms, told, prior->cpu_ms);
  own.memory_mib = Mixed(own.memory_mib, told, prior->memory_mib);
  own.busy_ms = own.cpu_ms + std::max(prior->busy_ms - prior->cpu_ms, 0.0);
  own.source += " + " + prior->source;
  return own;
}

void Learned::Save(StateWriter& to) const {
  to.Count(samples_);
  for (const Sketch* each : {&start_, &service_, &whole_, &cold_}) each->Save(to);
  for (const MovingMean* each : {&mean_ms_, &cpu_ms_, &memory_, &failures_, &crashes_}) {
    each->Save(to);
  }
  score_.Save(to);
  carried_whole_.Save(to);
  carried_cold_.Save(to);
  to.Number(carried_crashes_.rate);
  to.Number(carried_crashes_.calls);
}

void Learned::Load(StateReader& from) {
  samples_ = from.Count(kMostCalls);
  for (Sketch* each : {&start_, &service_, &whole_, &cold_}) each->Load(from);
  for (MovingMean* each : {&mean_ms_, &cpu_ms_, &memory_}) each->Load(from, kMostFigure);
  failures_.Load(from, 1);
  crashes_.Load(from, 1);
  score_.Load(from);
  carried_whole_.Load(from);
  carried_cold_.Load(from);
  carried_crashes_.rate = from.Number(1);
  carried_crashes_.calls = from.Number(kFailureWindow);
}

std::string Learned::Encode() const {
  StateWriter body;
  Save(body);
  return Sealed(body.Take());
}

std::string Learned::Sealed(std::string_view body) {
  const Digest digest = Sha256Of(AsBytes(body));
  std::string bytes(1, kVersion);
  bytes += AsText(ByteView(digest).first(kChecksum));
  return bytes.append(body);
}

std::optional<Learned> Learned::Decode(std::string_view bytes) {
  constexpr std::size_t kHead = 1 + kChecksum;
  if (bytes.size() < kHead) return std::nullopt;
  const std::string_view body = bytes.substr(kHead);
  if (bytes != Sealed(body)) return std::nullopt;
  StateReader from(body);
  Learned learned;
  learned.Load(from);
  if (!from.done()) return std::nullopt;
  return learned;
}

}  // namespace strata::scheduler
