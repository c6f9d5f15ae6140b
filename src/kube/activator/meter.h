// kube/activator/meter.h - how many requests a workload has at once, and had.
//
//   front.h: a request comes, goes --> [ Meter ] --Read--> demand.h
//
// What is read is a sum that only grows: whoever reads it takes the difference to what was read
// before, so that any number may read, and one that begins anew loses nothing.
//
// Pure: times are arguments and do not go back. Tested by demand_test.cc.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace strata::kube::activator {

class Meter {
 public:
  explicit Meter(TimePoint now) : changed_(now), idle_since_(now) {}

  void Begin(TimePoint now) {
    Add(now);
    ++running_;
  }
  void End(TimePoint now) {
    Add(now);
    if (--running_ == 0) idle_since_ = now;
  }

  [[nodiscard]] std::uint32_t running() const noexcept { return running_; }
  // Requests at once, times how long, up to `now`.
  [[nodiscard]] Duration busy(TimePoint now) const { return busy_ + (now - changed_) * running_; }
  // How long there has been none; zero while there is one.
  [[nodiscard]] Duration idle(TimePoint now) const {
    return running_ == 0 ? now - idle_since_ : Duration::zero();
  }

 private:
  void Add(TimePoint now) {
    busy_ = busy(now);
    changed_ = now;
  }

  std::uint32_t running_ = 0;
  Duration busy_{};
  TimePoint changed_;
  TimePoint idle_since_;
};

}  // namespace strata::kube::activator
