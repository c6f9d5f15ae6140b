// scheduler/simulate/generator.h - the built-in trace, with the shape of what public clouds have
// published of theirs.
//
// From M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020 (Azure Functions, 2019):
//   popularity   45 % of functions at most once an hour, 81 % at most once a minute, the rest up to
//                eight orders of magnitude above the least: a lognormal with a median of 1.67 calls
//                an hour and a sigma of 4.08 goes through both points. So that `calls` fit into
//                `hours`, the half above the median is compressed (Fit::compression); the sparse
//                half, where cold starts come from, stays as published. Where even that makes more
//                calls than were asked for, all are called more seldom (Fit::slower).
//   triggers     16 % timers, 55 % HTTP, 29 % queues, events and the like
//   duration     a lognormal over functions, mean of logs -0.38 and sigma 2.36, in seconds
//   memory       a Burr distribution, c = 11.652, k = 0.221, lambda = 107.083 MiB
//   daily shape  a constant half and a half that follows the day
// Timers keep their period to within two seconds. Half of the HTTP functions are called in visits
// (5 calls, 20 s apart), queues and events in bursts (10 calls, 1 s apart), the other half of HTTP
// at random.
//
// Assumed, for want of a source: a call's own duration varies by a lognormal with a sigma of 0.5;
// popularity, duration and memory are independent of each other; SLOs and requirements as Shape has
// them. No function's average concurrency is above 100, its duration not above five minutes, its
// memory not above 1,536 MiB: the limits of such platforms.
//
// The same shape gives the same calls (base/random.h, no std distributions; logarithms are the C
// library's, and another one's last bit may differ). Memory: about 100 bytes a function, none a
// call. Tested by generator_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "scheduler/simulate/timeline.h"
#include "scheduler/simulate/trace.h"

namespace strata::scheduler::simulate {

struct Shape {
  std::uint64_t seed = 1;
  std::uint32_t functions = 2'000;
  std::uint64_t calls = 1'000'000;  // after which the trace ends
  double hours = 24;                // about how long these take

  // Assumptions. Shares of the functions, and milliseconds.
  double medium_security = 0.15;
  double high_security = 0.05;
  double cold_start_sensitive = 0.25;  // of those called by HTTP
  // What their SLOs leave beyond a call's own p99: slo.cold_start_ms of these; slo.p99_ms of what
  // is not called by HTTP, of the rest 100, 250 or 1000.
  double cold_start_slack_ms = 250;
  double queue_slack_ms = 2'000;

  friend bool operator==(const Shape&, const Shape&) = default;
};

inline constexpr std::uint32_t kMostFunctions = 1'000'000;
inline constexpr std::uint64_t kMostCalls = 1'000'000'000;

// kInvalidArgument: a number that is out of its bounds, with them.
Result<void> CheckShape(const Shape& shape);

// What makes the published popularity come to as many calls as a shape has.
struct Fit {
  double compression = 1;  // the logarithm of each rate above the median was multiplied by it
  double slower = 1;       // then every rate was divided by it
};
Fit FitOf(const Shape& shape);

class Generator final : public Trace {
 public:
  // `shape` has passed CheckShape.
  explicit Generator(const Shape& shape);

  [[nodiscard]] std::span<const Function> functions() const noexcept override { return functions_; }
  Result<std::optional<Call>> Next() override;

 private:
  enum class Pattern : std::uint8_t { kTimer, kRandom, kBursts };

  // How one function is called.
  struct Caller {
    Pattern pattern = Pattern::kRandom;
    std::uint32_t left = 0;   // calls of the burst that has begun
    float swing = 0;          // of the daily shape: 0 none, 1 down to nothing
    float peak_h = 0;         // hour of the day
    double every_ns = 0;      // a timer's period; otherwise the mean time between two calls
    std::int64_t due_ns = 0;  // when a timer should have fired last
    double log_work = 0;      // of the median duration in seconds
  };

  void AddFunction(double rate_per_hour, double slower);
  void AddRequirements(Function& function, bool http);
  std::int64_t First(Caller& caller);
  std::int64_t After(Caller& caller, std::int64_t now_ns);
  std::int64_t NextBurst(Caller& caller, std::int64_t now_ns);
  std::int64_t Modulated(const Caller& caller, std::int64_t now_ns, double mean_ns);

  double Uniform() noexcept;  // in (0, 1)
  double Exponential(double mean) noexcept;

  const Shape shape_;
  SeededRandom random_;
  std::uint64_t left_;
  std::vector<Function> functions_;
  std::vector<Caller> callers_;
  Timeline<std::uint32_t> due_;  // each function's next call
};

}  // namespace strata::scheduler::simulate
