// manager/traffic/rollout_watch.h - counts the calls of both sides of each rollout, and says when
// it is time to go on or back.
//
//   call records --Add--> [ RolloutWatch ] --Next--> step, promote, roll back, with the reason
//
// What is counted is of the present step only: both sides get their calls at the same time, so what
// changes with the hour changes for both. In the last step, where the stable side has no calls any
// more, its figures of the step before stand beside. Counts are in memory: after a restart of the
// manager the step's begin again, and it takes as many calls as it needs; a last step that has lost
// what it is compared with goes back to the one before. How often it was looked is stored, so that
// the risk of all looks together stays what it is.
//
// How long a step lasts is counted by the monotonic clock. Its wall time says how much of it was
// over when a manager first sees it, from nothing to all of its interval, and no more: what is left
// to its deadline then has to be enough for calls that are counted anew.
//
// Threads: one loop. Tested by rollout_watch_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/text/json.h"
#include "cell/wire/messages.h"
#include "meter/call_record.h"
#include "model/traffic/rollout.h"
#include "scheduler/moving/rollout.h"

namespace strata::manager {

class RolloutWatch {
 public:
  explicit RolloutWatch(const Clock& clock) : clock_(clock) {}

  // Follows these, as they are stored now, and no other; the counts of one begin again when its
  // state or step is new.
  void Follow(std::span<const model::Rollout> rollouts);

  // A call of `function` ended.
  void Add(const cell::Function& function, const meter::CallRecord& record);

  // What one that is followed becomes now; nothing: it stays as it is, but for its looks().
  std::optional<model::Rollout> Next(const model::Rollout& rollout);
  [[nodiscard]] std::uint32_t looks(const model::Rollout& rollout) const;
  // How long its state or step has lasted.
  [[nodiscard]] Duration Lasted(const model::Rollout& rollout) const;

  // {"stable": {"calls", "failed", "p99_ms", "status_4xx", "lost"}, "canary": {...}, "verdict": how
  // the last look was, "waits_for": what the step does}. The last two of a side are in none of the
  // others: `lost` with their keeper.
  [[nodiscard]] Json Figures(const model::Rollout& rollout) const;

 private:
  struct Counted {
    scheduler::Side judged;
    std::uint64_t lost = 0;  // not judged: a keeper that ends tells of none of its sandboxes
  };
  struct Watched {
    model::Rollout rollout;
    TimePoint began;  // its state or step
    Counted stable;
    Counted canary;
    bool alone = false;  // a last step without the figures of the one before
    std::uint32_t looks = 0;
    std::uint64_t next_look = scheduler::NextLook(0);
    bool looked_at_end = false;  // of the interval
    scheduler::Judgement last;
  };
  using Name = std::pair<std::string, std::string>;  // tenant, workload

  static Json ToJson(const Counted& side);
  [[nodiscard]] TimePoint BeganOf(const model::Rollout& rollout) const;
  [[nodiscard]] std::string WaitsFor(const Watched& watched) const;

  const Clock& clock_;
  std::map<Name, Watched> watched_;
};

}  // namespace strata::manager
