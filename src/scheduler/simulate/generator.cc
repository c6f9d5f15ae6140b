#include "scheduler/simulate/generator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string>

#include "scheduler/simulate/quantiles.h"
#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {
namespace {

using model::Level;

constexpr double kNsPerSecond = 1e9;
constexpr double kNsPerHour = 3600 * kNsPerSecond;
constexpr double kHoursPerDay = 24;

constexpr double kNeverNs = 4e18;  // 127 years: the rarest are called less than once in 300

constexpr double kMedianPerHour = 1.67;
constexpr double kSigma = 4.08;
constexpr double kTimers = 0.156;
constexpr double kHttp = 0.550;
constexpr double kLogWork = -0.38;  // of seconds
constexpr double kWorkSigma = 2.36;
constexpr double kCallSigma = 0.5;
constexpr double kMostWorkSeconds = 300;
constexpr double kMostAtOnce = 100;
constexpr double kMostMemoryMib = 1536;

constexpr double kVisitCalls = 5;
constexpr double kVisitGapNs = 20 * kNsPerSecond;
constexpr double kBurstCalls = 10;
constexpr double kBurstGapNs = kNsPerSecond;
constexpr double kJitterNs = 2 * kNsPerSecond;
constexpr float kPeakHour = 14;
constexpr double kElsewhere = 0.2;  // share of functions whose day is not that of the others
constexpr std::array<double, 10> kPeriodMinutes = {1, 5, 10, 15, 30, 60, 120, 360, 720, 1440};
constexpr std::array<double, 3> kHttpSlackMs = {100, 250, 1000};

double RateAt(double u, double compression) {
  const double z = NormalQuantile(u);
  return kMedianPerHour * std::exp(kSigma * z * (z > 0 ? compression : 1));
}

// The mean rate of a function, timers not above once a minute.
double MeanRate(double compression) {
  constexpr int kSteps = 4096;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double rate = RateAt((i + 0.5) / kSteps, compression);
    sum += (1 - kTimers) * rate + kTimers * std::min(rate, 60.0);
  }
  return sum / kSteps;
}

// `mean_rate` is not below MeanRate(0).
double CompressionFor(double mean_rate) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (MeanRate(middle) < mean_rate ? low : high) = middle;
  }
  return high;
}

double NearestPeriodMinutes(double minutes) {
  return *std::ranges::min_element(
      kPeriodMinutes, {}, [minutes](double each) { return std::abs(std::log(each / minutes)); });
}

std::unexpected<Error> OutOfBounds(const std::string& what) {
  return Fail(Errc::kInvalidArgument, what);
}

}  // namespace

Result<void> CheckShape(const Shape& shape) {
  if (shape.functions < 1 || shape.functions > kMostFunctions) {
    return OutOfBounds("a trace has 1 to " + std::to_string(kMostFunctions) + " functions");
  }
  if (shape.calls < 1 || shape.calls > kMostCalls) {
    return OutOfBounds("a trace has 1 to " + std::to_string(kMostCalls) + " calls");
  }
  if (!(shape.hours >= 0.01 && shape.hours <= 24 * 366)) {
    return OutOfBounds("a trace takes 0.01 to 8784 hours");
  }
  // Written so that what is no number fails, too.
  const bool shares = shape.medium_security >= 0 && shape.high_security >= 0 &&
                      shape.medium_security + shape.high_security <= 1;
  if (!shares) return OutOfBounds("medium and high security are shares from 0, together 1 at most");
  return {};
}

Fit FitOf(const Shape& shape) {
  const double mean_rate = static_cast<double>(shape.calls) / (shape.functions * shape.hours);
  const double least = MeanRate(0);
  if (mean_rate < least) return {.compression = 0, .slower = least / mean_rate};
  return {.compression = CompressionFor(mean_rate)};
}

Generator::Generator(const Shape& shape) : shape_(shape), random_(shape.seed), left_(shape.calls) {
  const auto count = static_cast<double>(shape.functions);
  const Fit fit = FitOf(shape);
  functions_.reserve(shape.functions);
  callers_.reserve(shape.functions);
  for (std::uint32_t i = 0; i < shape.functions; ++i) {
    AddFunction(RateAt((i + 0.5) / count, fit.compression), fit.slower);
  }
  for (std::uint32_t i = 0; i < shape.functions; ++i) due_.Push(First(callers_[i]), i);
}

void Generator::AddFunction(double rate_per_hour, double slower) {
  Caller caller;
  const double trigger = Uniform();
  const bool timer = trigger < kTimers;
  const bool http = !timer && trigger < kTimers + kHttp;
  caller.every_ns = kNsPerHour / rate_per_hour;
  if (timer) {
    caller.pattern = Pattern::kTimer;
    caller.every_ns = NearestPeriodMinutes(60 / rate_per_hour) * 60 * kNsPerSecond;
  } else {
    caller.pattern = http && Uniform() < 0.5 ? Pattern::kRandom : Pattern::kBursts;
    caller.swing = http ? 0.6F : 0.3F;
    caller.peak_h =
        Uniform() < kElsewhere ? static_cast<float>(Uniform() * kHoursPerDay) : kPeakHour;
  }
  caller.every_ns = std::min(caller.every_ns * slower, kNeverNs);
  const double longest = std::min(kMostWorkSeconds, kMostAtOnce * caller.every_ns / kNsPerSecond);
  caller.log_work = std::min(kLogWork + kWorkSigma * NormalQuantile(Uniform()), std::log(longest));
  const double memory_mib =
      std::min(BurrQuantile(Uniform(), 11.652, 0.221, 107.083), kMostMemoryMib);

  Function function;
  const double median_ms = 1e3 * std::exp(caller.log_work);
  const double mean_ms = median_ms * std::exp(kCallSigma * kCallSigma / 2);
  function.work_ms = std::min(mean_ms, 1e3 * kMostWorkSeconds);
  function.work_p99_ms = median_ms * std::exp(kCallSigma * kZOf99);
  function.memory = FromMib(memory_mib);
  AddRequirements(function, http);
  functions_.push_back(function);
  callers_.push_back(caller);
}

void Generator::AddRequirements(Function& function, bool http) {
  const auto milliseconds = [](double ms) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(ms)));
  };
  const double security = Uniform();
  if (security < shape_.high_security) {
    function.requires_.security = Level::kHigh;
  } else if (security < shape_.high_security + shape_.medium_security) {
    function.requires_.security = Level::kMedium;
  }
  const auto which = static_cast<std::size_t>(Uniform() * kHttpSlackMs.size());
  const double slack = http ? kHttpSlackMs[which] : shape_.queue_slack_ms;
  function.slo.p99 = milliseconds(function.work_p99_ms + slack);
  if (Uniform() < shape_.cold_start_sensitive && http) {
    function.slo.cold_start = milliseconds(function.work_p99_ms + shape_.cold_start_slack_ms);
  }
}

Result<std::optional<Call>> Generator::Next() {
  if (left_ == 0) return std::nullopt;
  --left_;
  const auto [at, function] = due_.Top();
  Caller& caller = callers_[function];
  due_.ReplaceTop(After(caller, at), function);
  const double seconds = std::exp(caller.log_work + kCallSigma * NormalQuantile(Uniform()));
  const auto work = static_cast<std::int64_t>(std::min(seconds, kMostWorkSeconds) * kNsPerSecond);
  return Call{.function = function, .at = Duration(at), .work = Duration(work)};
}

std::int64_t Generator::First(Caller& caller) {
  if (caller.pattern == Pattern::kTimer) {
    caller.due_ns = static_cast<std::int64_t>(Uniform() * caller.every_ns);
    return caller.due_ns + static_cast<std::int64_t>(Uniform() * kJitterNs);
  }
  return caller.pattern == Pattern::kRandom ? Modulated(caller, 0, caller.every_ns)
                                            : NextBurst(caller, 0);
}

std::int64_t Generator::After(Caller& caller, std::int64_t now_ns) {
  if (caller.pattern == Pattern::kTimer) {
    caller.due_ns = std::min(caller.due_ns, static_cast<std::int64_t>(kNeverNs)) +
                    static_cast<std::int64_t>(caller.every_ns);
    return caller.due_ns + static_cast<std::int64_t>(Uniform() * kJitterNs);
  }
  if (caller.pattern == Pattern::kRandom) return Modulated(caller, now_ns, caller.every_ns);
  if (caller.left == 0) return NextBurst(caller, now_ns);
  --caller.left;
  const bool visits = caller.swing > 0.5F;  // HTTP
  return now_ns + static_cast<std::int64_t>(Exponential(visits ? kVisitGapNs : kBurstGapNs));
}

// The first call of the next burst. What is called too often for its bursts to stay apart is called
// at random.
std::int64_t Generator::NextBurst(Caller& caller, std::int64_t now_ns) {
  const bool visits = caller.swing > 0.5F;
  const double calls = visits ? kVisitCalls : kBurstCalls;
  const double within = (calls - 1) * (visits ? kVisitGapNs : kBurstGapNs);
  const double apart = calls * caller.every_ns - within;
  if (apart <= within) return Modulated(caller, now_ns, caller.every_ns);
  // Geometric, at least one, `calls` on average.
  caller.left = static_cast<std::uint32_t>(std::log(Uniform()) / std::log(1 - 1 / calls));
  return Modulated(caller, now_ns, apart);
}

// A time after `now_ns`, exponentially distributed with the rate of its hour: proposals come at the
// rate of the peak, and of each hour's as many are taken as its share of the peak.
std::int64_t Generator::Modulated(const Caller& caller, std::int64_t now_ns, double mean_ns) {
  const double swing = caller.swing;
  auto at = static_cast<double>(now_ns);
  for (;;) {
    at += Exponential(mean_ns / (1 + swing));
    const double turns = (at / kNsPerHour - caller.peak_h) / kHoursPerDay;
    const double now = 1 + swing * std::cos(2 * std::numbers::pi * turns);
    if (at > kNeverNs) return static_cast<std::int64_t>(kNeverNs);
    if (Uniform() * (1 + swing) < now) return static_cast<std::int64_t>(at) + 1;
  }
}

double Generator::Uniform() noexcept { return simulate::Uniform(random_); }

double Generator::Exponential(double mean) noexcept { return -mean * std::log(Uniform()); }

}  // namespace strata::scheduler::simulate
