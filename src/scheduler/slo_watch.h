// scheduler/slo_watch.h - whether the class that a workload runs in keeps its SLO, told from its
// calls, without being talked into a move by a bad moment.
//
//   calls --Add--> [ SloWatch ] --Check--> a reason to leave the class, or none
//
// Calls are looked at in windows of kWindow, or until there are kEnough of them. A window has
// missed the p99 when the share of calls above it is shown to be more than a hundredth (exact
// binomial test, scheduler/rollout.h), and the class is left when kInARow windows have, one after
// the other: a burst moves nothing. A window in which most calls found no sandbox is enough by
// itself: nothing can be worse than that. Where some did find one, or most of those that did not
// were told that too many wait, it is load, so another class is better only if it carries that. Who
// moves begins a new watch for the new class, and does
// not go back by itself, so traffic cannot flap.
//
// Pure: the time is given. Tested by slo_watch_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "meter/call_record.h"

namespace strata::scheduler {

class SloWatch {
 public:
  static constexpr std::chrono::seconds kWindow{5};
  static constexpr std::uint64_t kEnough = 100;
  static constexpr int kInARow = 3;

  // `p99`: of a call; nothing: only whether it can be started is watched.
  explicit SloWatch(std::optional<std::chrono::milliseconds> p99, TimePoint now)
      : p99_(p99), began_(now) {}

  // `sandbox`: how the call came to it; that a guest ran counts, whatever became of it.
  void Add(Duration took, meter::SandboxCame sandbox);

  struct Reason {
    std::string because;
    // Calls a second that were too many for the class.
    std::optional<double> overload = std::nullopt;
  };
  // Nothing: there is none, or none yet.
  std::optional<Reason> Check(TimePoint now);

 private:
  [[nodiscard]] bool MissedP99() const;

  std::optional<std::chrono::milliseconds> p99_;
  TimePoint began_;  // of this window
  std::uint64_t calls_ = 0;
  std::uint64_t above_ = 0;  // the p99
  std::uint64_t unstarted_ = 0;
  std::uint64_t busy_ = 0;  // of these: told that too many wait
  int missed_ = 0;          // windows in a row
};

}  // namespace strata::scheduler
