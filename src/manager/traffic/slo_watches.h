// manager/traffic/slo_watches.h - a scheduler::SloWatch for every workload, and what is to be done
// about it where its class was left to us.
//
//   call records --Add--> [ SloWatches ] --Check--> which workload's traffic should leave its class
//                                \-----------Settled--> which overflow should come back
//
// Only what has its traffic to itself is watched, but for an overflow; not while a rollout moves
// it. What stays in the same form of the same revision keeps its windows from one configuration to
// the next, and is named once: again only after Stayed.
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
#include "base/text/json.h"
#include "cell/wire/messages.h"
#include "manager/cells/configuration.h"
#include "meter/call_record.h"
#include "model/resource.h"
#include "model/traffic/rollout.h"
#include "model/traffic/target.h"
#include "scheduler/moving/overflow.h"
#include "scheduler/moving/slo_watch.h"

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
    double carried = 0;              // of these
  };
  std::vector<Missed> Check(TimePoint now);

  // What goes elsewhere from its class, and may come back: it is calm again, or does worse there.
  struct Calmed {
    std::string tenant;
    std::string name;
    model::Target to;  // where it went
    std::string because;
    bool missed = false;  // the class that it went to
  };
  std::vector<Calmed> Settled(TimePoint now);

  // It did not move, for that reason, which may go better next time: Check may name it again, in a
  // while. Nothing happens where its traffic has gone elsewhere.
  static constexpr std::chrono::seconds kTryAgain{60};
  void Stayed(const Missed& missed, std::string why, TimePoint now);

  // Whether there is one that may be moved, and could run in a class of images.
  [[nodiscard]] bool MayMoveToImages() const;

  // {"because", "why"}: its class does not do, and why its traffic stays there all the
  // same. null: there is no such thing.
  [[nodiscard]] Json StaysOf(const std::string& tenant, const std::string& name) const;

 private:
  struct Stay {
    std::string because;
    std::string why;
  };
  struct Overflow {
    model::Target to;
    std::uint32_t kept = 0;  // percent
    scheduler::Calm calm;
    scheduler::SloWatch watch;  // of the class that it goes to
    std::optional<Stay> stay;
  };
  struct Watched {
    std::uint64_t revision = 0;
    model::Target target;  // that has the traffic, or most that its class carries
    model::Slo slo;
    bool has_image = false;
    bool each = false;  // a sandbox for each call: what waits before it is a line for one
    std::string fixed;  // why it is not moved, whatever it does; empty: it is
    scheduler::SloWatch watch;
    TimePoint silent_until{};  // since it was named
    std::optional<Overflow> overflow;
    Duration calm = scheduler::Calm::kShort;  // that lets the overflow come back
    std::optional<TimePoint> came_back;       // the last one
    std::optional<Stay> stay;
  };
  using Name = std::pair<std::string, std::string>;  // tenant, workload

  static Duration CalmAfter(const Watched& watched, TimePoint now);
  static void FollowOverflow(Watched& watched, const model::Rollout* rollout, TimePoint now);

  std::map<Name, Watched> watched_;
};

}  // namespace strata::manager
