// keeper/pools/demand.h - how many sandboxes of one program should wait for calls: by its manifest,
// and by when its calls came.
//
//   pool: a call begins or ends --> [ Demand: levels of calls at once, scheduler::KeepAlive ]
//                                        --> Wanted: so many, until NextChange
//
// A call takes a sandbox for good. So what KeepAlive says of the sandbox that a call would leave
// idle holds for another one, made in its place; where it is to stay, from the call's begin on: the
// next call may come right after this one.
//
// Pure: times are arguments. Never fails. Tested by demand_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "meter/prices.h"
#include "model/values.h"
#include "scheduler/scaling/keep_alive.h"

namespace strata::keeper {

class Demand {
 public:
  // At most so many of one program wait, unless its manifest says another number.
  static constexpr std::uint32_t kMost = 2;

  explicit Demand(const model::Scale& scale, const meter::Price& price = {});

  // A sandbox of the program costs this: what it holds while it waits, and how long it is made. By
  // its class's price that is weighed against a call's wait.
  void Learn(Bytes held, Duration creation);

  // A call begins; a call has ended.
  void OnBegin(TimePoint now);
  void OnEnd(TimePoint now);

  // How many should wait now; without a call, from when on that is another number (never: nothing).
  [[nodiscard]] std::uint32_t Wanted(TimePoint now) const;
  [[nodiscard]] std::optional<TimePoint> NextChange(TimePoint now) const;

  // None, whatever happens.
  [[nodiscard]] bool never() const noexcept { return kept_.empty(); }

 private:
  // Of the n-th call at once: when a sandbox waits for it.
  struct Kept {
    TimePoint from{};
    TimePoint until{};
    Duration stays{};  // as decided last; zero: not from a call's begin on
  };
  scheduler::Window Decide(TimePoint now);

  const std::uint32_t min_;
  const meter::Price price_;
  const std::optional<std::chrono::milliseconds> fixed_;
  std::vector<Kept> kept_;  // one for each that may wait
  scheduler::KeepAlive keep_alive_;
  scheduler::Terms terms_;
  std::uint32_t running_ = 0;
};

}  // namespace strata::keeper
