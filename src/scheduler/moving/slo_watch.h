// scheduler/moving/slo_watch.h - whether the class that a workload runs in keeps its SLO, told from
// its calls, without being talked into a move by a bad moment.
//
//   calls --Add--> [ SloWatch ] --Check--> a reason to leave the class, or none
//
// Calls are looked at in windows of kWindow, or until there are kEnough of them; but a window ends
// as soon as fewer show by themselves that it has missed something. A window has missed
//
//   slo.p99_ms         the share of calls above it is shown to be more than a hundredth; one whose
//                      client left after that time is above it
//   slo.cold_start_ms  the same, of those that waited for their sandbox
//   slo.availability   more failed than may, without the errors that the program itself answered:
//                      no class mends those, so with them it is said, not left
//   its sandboxes      more calls than may fail (without slo.availability a hundredth) are shown to
//                      have found none
//
// by the exact binomial test. All tests of a window, at the looks and at its end, share one risk,
// as those of a rollout do (scheduler/moving/rollout.h): one that keeps everything is taken in
// kRisk of all cases at most for one that has missed something
// and the class is left when kInARow windows have missed the same, one after the other: a burst
// moves nothing. A window of kEnough in which most calls found no sandbox is enough by itself:
// nothing can be worse than that. Where some did find one, or most of those that did not because
// too many waited, it is load, so another class is better only if it carries what is too much. Who
// moves all begins a new watch for the new class.
//
// Pure: the time is given. Tested by slo_watch_test.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "meter/call_record.h"
#include "model/resource.h"
#include "scheduler/moving/rollout.h"

namespace strata::scheduler {

class SloWatch {
 public:
  static constexpr std::chrono::seconds kWindow{5};
  static constexpr std::uint64_t kEnough = 100;
  static constexpr int kInARow = 3;
  static constexpr double kRisk = 0.04;  // of a window that keeps everything

  // What `slo` does not bound is not watched, but for whether calls find a sandbox.
  SloWatch(const model::Slo& slo, TimePoint now)
      : slo_(slo), began_(now), lately_{{{now}, {now}}} {}

  struct Call {
    Duration took{};
    meter::SandboxCame sandbox = meter::SandboxCame::kAtOnce;  // how it came to it
    bool failed = false;                                       // through no fault of its client
    bool program = false;  // it did, and that is what the program itself answered
  };
  void Add(const Call& call);
  // A call whose client left after so long, before an answer.
  void AddLeft(Duration took);
  // A call that would have come here, if traffic did not overflow: load, and nothing else.
  void AddElsewhere() {
    ++elsewhere_;
    ++lately_[1].came;
  }

  struct Reason {
    std::string because;
    // Calls a second that were too many for the class, as they came in the last seconds, however
    // long its calls took to be enough; and how many of them it served.
    std::optional<double> overload = std::nullopt;
    double carried = 0;
    bool program = false;  // what the program answers misses it: another class would not help
  };
  // Nothing: there is none, or none yet.
  std::optional<Reason> Check(TimePoint now);
  // Whether the last whole window missed anything.
  [[nodiscard]] bool missing() const noexcept { return missing_; }

 private:
  struct Counts {
    std::uint64_t calls = 0;
    std::uint64_t above = 0;  // the p99
    std::uint64_t failed = 0;
    std::uint64_t program = 0;  // of these: what it answered itself
    std::uint64_t cold = 0;     // waited for their sandbox
    std::uint64_t cold_above = 0;
    std::uint64_t unstarted = 0;
    std::uint64_t busy = 0;  // of these: because too many waited
  };
  struct Slot {
    TimePoint began;
    std::uint64_t came = 0;  // also what went elsewhere
  };
  // Windows in a row that missed one thing, with the present one.
  struct Streak {
    int windows = 0;
    bool Add(bool missed) { return (windows = missed ? windows + 1 : 0) >= kInARow; }
  };
  [[nodiscard]] double MayFail() const;  // share of calls
  [[nodiscard]] bool TooMany(std::uint64_t failed) const;
  [[nodiscard]] Reason Unavailable(std::uint64_t failed) const;
  [[nodiscard]] Reason NoSandbox(TimePoint now) const;
  // So few calls are worth a look, and it shows that something is missed.
  [[nodiscard]] bool Decisive();

  model::Slo slo_;
  TimePoint began_;  // of this window
  Counts seen_;
  std::uint32_t looks_ = 0;  // at fewer than enough, in this window
  std::uint64_t next_look_ = NextLook(0);
  std::uint64_t elsewhere_ = 0;
  std::array<Slot, 2> lately_;  // the last of this window: the one before, and the present one
  Streak full_, unavailable_, slow_, slow_start_, program_;
  bool missing_ = false;
};

}  // namespace strata::scheduler
