// kube/controller/scale/scaling.h - how many replicas each Service has whose number follows its
// load: what all activators say of it, added up, for the scheduler's Autoscaler.
//
//   activators.h --Hear--> [ Scaling ] --Decide--> controller.h: a Deployment's replicas
//
// Where it is not known how much there is to do nothing is taken away: while an activator is not
// heard, and for as long as the Autoscaler has to look before it takes something away after this
// operator has begun. A Service that was changed, or has none and is to have some, keeps one until
// one was ready, however long its image takes to come: who asked has been told to come again by
// then, and would find nothing at any time.
//
// Pure: times are arguments and do not go back. Never fails. Tested by scaling_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "kube/activator/demand.h"
#include "model/values.h"
#include "scheduler/scaling/autoscale.h"

namespace strata::kube::controller {

// An activator that has said nothing for as long is not heard: it says something every second.
inline constexpr std::chrono::seconds kSilent{5};

class Scaling {
 public:
  // A Service as it is found: at first, and when it has changed.
  struct Found {
    std::string uid;
    model::Scale scale;
    bool applied = false;  // what it says is new: one replica is to show that it comes up
    std::optional<std::uint32_t> running;  // what its Deployment has been told; none: it is to be
  };
  void See(const Found& found, TimePoint now);
  void Forget(const std::string& uid) { targets_.erase(uid); }

  // The activators that there are. Of one that is gone nothing counts any more.
  void SetActivators(const std::set<std::string>& there, TimePoint now);
  void Hear(const std::string& activator, const activator::DemandReport& report, TimePoint now);

  struct Decision {
    std::uint32_t replicas = 0;
    std::string why;  // as it was when there were to be as many
  };
  // `ready`: replicas that serve. The Service was seen.
  Decision Decide(const std::string& uid, std::uint32_t ready, TimePoint now);

  // The last decision; nothing: it was not seen.
  [[nodiscard]] const Decision* decided(const std::string& uid) const;

  // Somebody asks for a Service that has no replica.
  [[nodiscard]] bool IsWanted(const std::string& uid) const;

 private:
  struct Share {
    activator::WorkloadDemand said;
    double requests = 0;  // at once, in the mean since the report before
  };
  struct Activator {
    TimePoint heard;
    std::string instance;
    Duration at{};
    std::map<std::string, Share> shares;  // by uid
  };
  struct Target {
    model::Scale scale;
    scheduler::Autoscaler autoscaler;
    Decision decision;
    TimePoint hold_until;  // nothing is taken away before
    bool proving = false;  // it was applied or woken, and no replica has been ready since
    double requests = 0;   // the last sum
  };

  void Observe(const std::string& uid, Target& target, TimePoint now);
  [[nodiscard]] bool AllHeard(TimePoint now) const;

  std::map<std::string, Target> targets_;        // by uid
  std::map<std::string, Activator> activators_;  // by address
};

}  // namespace strata::kube::controller
