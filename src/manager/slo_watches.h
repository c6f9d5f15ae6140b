// manager/slo_watches.h - a scheduler::SloWatch for every workload whose class was left to us.
//
//   call records --Add--> [ SloWatches ] --Check--> which workload's traffic should leave its class
//
// Only what has its traffic to itself is watched: not while a rollout moves it, and not where
// somebody has taken such a move back. What stays in the same form of the same revision keeps its
// windows from one configuration to the next, and is named once: again only after TryAgain.
//
// Threads: one loop. Tested by slo_watches_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cell/messages.h"
#include "manager/configuration.h"
#include "meter/call_record.h"
#include "model/rollout.h"
#include "scheduler/slo_watch.h"

namespace strata::manager {

class SloWatches {
 public:
  // `forms`: everything that cells have now.
  void Follow(std::span<const Form> forms, std::span<const model::Rollout> rollouts, TimePoint now);

  // A call of `function` ended.
  void Add(const cell::Function& function, const meter::CallRecord& record);

  struct Missed {
    std::string tenant;
    std::string name;
    std::uint64_t revision = 0;
    model::Target target;  // that has the traffic
    std::string because;
    std::optional<double> overload;  // calls a second that were too many for its class
  };
  std::vector<Missed> Check(TimePoint now);

  // It did not move, which may go better next time: Check may name it again, in a while. Nothing
  // happens where its traffic has gone elsewhere.
  static constexpr std::chrono::seconds kTryAgain{60};
  void TryAgain(const Missed& missed, TimePoint now);

 private:
  struct Watched {
    std::uint64_t revision = 0;
    model::Target target;  // that has the traffic
    scheduler::SloWatch watch;
    TimePoint silent_until{};  // since it was named
  };
  using Name = std::pair<std::string, std::string>;  // tenant, workload

  std::map<Name, Watched> watched_;
};

}  // namespace strata::manager
