// scheduler/scaling/autoscale.h - how many replicas a service needs: from the requests that it has
// at once, seen over a long and a short window, against how many one replica is meant to serve.
//
//   keeper: what its cells tell, who waits --Observe--> [ Autoscaler ] --Decide--> how many, why
//
// After Knative's pod autoscaler (knative.dev/docs/serving/autoscaling/kpa-specific): the mean over
// the stable window decides; when the panic window, a tenth of it, asks for twice what there is,
// that decides, and nothing is taken away until a stable window has passed without another such
// moment. What it asks for less is done once the scale-down delay has passed. What differs: the
// last replica goes when it is idle for longer than it is worth (keep_alive.h), not with the stable
// window, and may come back before it is called for.
//
// Pure: times are arguments. Memory: a few hundred samples. Never fails. Tested by
// autoscale_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/values.h"
#include "scheduler/scaling/keep_alive.h"

namespace strata::scheduler {

// How much there is to do.
struct Demand {
  double requests = 0;   // at once, in the mean of the last moments; those that wait are among them
  TimePoint idle_since;  // without any: since when
};

struct Scaling {
  std::uint32_t replicas = 0;
  std::string why;
  // When it may be another number although the demand stays as it is; max(): never.
  TimePoint until = TimePoint::max();
};

class Autoscaler {
 public:
  Autoscaler(const model::Scale& scale, TimePoint now);

  // Time does not go back. Between two of these the demand is as the first said.
  void Observe(const Demand& demand, TimePoint now);

  // One was started although nothing asked for it: it stays as long as after a request.
  void Started(TimePoint now);

  // `ready`: replicas that serve now.
  Scaling Decide(std::uint32_t ready, TimePoint now);

  [[nodiscard]] Duration stable_window() const noexcept { return stable_; }
  [[nodiscard]] Duration panic_window() const noexcept { return stable_ / kPanicShare; }
  [[nodiscard]] Duration scale_down_delay() const noexcept { return stable_ / 2; }

 private:
  static constexpr int kPanicShare = 10;

  // From `at` on it was so, until the next.
  struct Sample {
    TimePoint at;
    double requests = 0;
  };
  struct Need {
    TimePoint at;
    std::uint32_t replicas = 0;
  };

  void BeIdle(TimePoint since);
  [[nodiscard]] double Mean(Duration window, TimePoint now) const;
  [[nodiscard]] std::uint32_t NeededFor(double requests) const;
  Scaling ByLoad(std::uint32_t ready, TimePoint now);
  std::uint32_t Delayed(std::uint32_t replicas, TimePoint now);
  [[nodiscard]] Scaling LastOne(TimePoint now) const;

  const std::uint32_t min_;
  const std::uint32_t max_;
  const double concurrency_;
  const std::optional<Duration> keep_alive_;
  const Duration stable_;
  std::deque<Sample> samples_;      // of the stable window, and one before it
  std::deque<Need> needs_;          // of the scale-down delay, falling
  std::optional<TimePoint> panic_;  // the last moment that asked for twice what there was
  std::uint32_t panic_most_ = 0;
  KeepAlive idle_times_;
  std::optional<TimePoint> idle_since_;
  Window kept_;  // the last replica, after that
};

}  // namespace strata::scheduler
