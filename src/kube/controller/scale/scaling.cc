#include "kube/controller/scale/scaling.h"

#include <algorithm>
#include <utility>

namespace strata::kube::controller {
namespace {

std::uint32_t MostOf(const model::Scale& scale) {
  return scale.max.value_or(*model::kServiceScale.max);
}

// Requests at once, in the mean of the time between two reports. What waits is there now.
double MeanOf(const activator::WorkloadDemand& said, const activator::WorkloadDemand* before,
              Duration passed) {
  const double now = said.running;
  double mean = now;
  if (before != nullptr && passed > Duration::zero() && said.busy >= before->busy) {
    mean = static_cast<double>((said.busy - before->busy).count()) /
           static_cast<double>(passed.count());
  }
  return std::max(mean, static_cast<double>(said.waiting));
}

}  // namespace

void Scaling::See(const Found& found, TimePoint now) {
  auto it = targets_.find(found.uid);
  const bool known = it != targets_.end();
  if (known && it->second.scale != found.scale) {
    const Decision decision = it->second.decision;
    targets_.erase(it);
    it = targets_
             .emplace(found.uid, Target{.scale = found.scale,
                                        .autoscaler = {found.scale, now},
                                        .decision = decision,
                                        .hold_until = {}})
             .first;
    it->second.hold_until = now + it->second.autoscaler.scale_down_delay();
  } else if (!known) {
    it = targets_
             .emplace(found.uid, Target{.scale = found.scale,
                                        .autoscaler = {found.scale, now},
                                        .decision = {},
                                        .hold_until = {}})
             .first;
    Target& target = it->second;
    target.decision.replicas = found.running.value_or(0);
    if (target.decision.replicas > 0) {
      target.proving = true;  // the operator of before may have started it a moment ago
      target.autoscaler.Started(now);
      target.hold_until = now + target.autoscaler.scale_down_delay();
    }
  }
  Target& target = it->second;
  if (found.applied || (!known && !found.running)) {
    target.proving = true;
    target.autoscaler.Started(now);
    target.decision = {
        .replicas = std::max({target.decision.replicas, 1U, found.scale.min.value_or(0)}),
        .why = {}};
  }
}

void Scaling::SetActivators(const std::set<std::string>& there, TimePoint now) {
  std::erase_if(activators_, [&there](const auto& each) { return !there.contains(each.first); });
  for (const std::string& address : there) activators_.try_emplace(address);
  for (auto& [uid, target] : targets_) Observe(uid, target, now);
}

void Scaling::Hear(const std::string& activator, const activator::DemandReport& report,
                   TimePoint now) {
  const auto known = activators_.find(activator);
  if (known == activators_.end()) return;
  Activator& from = known->second;
  const bool goes_on = from.instance == report.instance && report.at > from.at;
  const Duration passed = goes_on ? report.at - from.at : Duration::zero();
  std::map<std::string, Share> shares;
  for (const activator::WorkloadDemand& said : report.workloads) {
    const auto before = from.shares.find(said.uid);
    const bool compare = goes_on && before != from.shares.end();
    shares[said.uid] = {said, MeanOf(said, compare ? &before->second.said : nullptr, passed)};
  }
  from = {.heard = now, .instance = report.instance, .at = report.at, .shares = std::move(shares)};
  for (auto& [uid, target] : targets_) Observe(uid, target, now);
}

void Scaling::Observe(const std::string& uid, Target& target, TimePoint now) {
  scheduler::Demand demand;
  for (const auto& [address, activator] : activators_) {
    const auto share = activator.shares.find(uid);
    if (share == activator.shares.end()) continue;
    demand.requests += share->second.requests;
    demand.idle_since = std::max(demand.idle_since, activator.heard - share->second.said.idle);
  }
  // What nobody has said anything of was idle for as long as it is known.
  if (demand.idle_since == TimePoint{}) demand.idle_since = now;
  target.requests = demand.requests;
  target.autoscaler.Observe(demand, now);
}

bool Scaling::AllHeard(TimePoint now) const {
  return !activators_.empty() && std::ranges::all_of(activators_, [now](const auto& each) {
    return now - each.second.heard <= kSilent;
  });
}

Scaling::Decision Scaling::Decide(const std::string& uid, std::uint32_t ready, TimePoint now) {
  Target& target = targets_.at(uid);
  if (target.proving && ready > 0) {
    target.proving = false;
    target.autoscaler.Started(now);  // it is kept from now on
  }
  scheduler::Scaling scaling = target.autoscaler.Decide(ready, now);
  const std::uint32_t before = std::min(target.decision.replicas, MostOf(target.scale));
  if (before == 0 && scaling.replicas > 0) target.proving = true;
  // One is enough for that.
  if (target.proving && scaling.replicas == 0) {
    scaling.replicas = 1;
    scaling.why = "it has to show that it comes up";
  }
  if (scaling.replicas < before) {
    const char* held = nullptr;
    if (now < target.hold_until) held = "too little is known of its load yet";
    if (!AllHeard(now)) held = "not every activator says how much there is to do";
    if (held != nullptr) {
      scaling.replicas = before;
      scaling.why = held;
    }
  }
  // The reason says for how long nobody asked: it would be another one every second.
  const bool same = scaling.replicas == target.decision.replicas && !target.decision.why.empty();
  if (!same) target.decision = {scaling.replicas, std::move(scaling.why)};
  return target.decision;
}

const Scaling::Decision* Scaling::decided(const std::string& uid) const {
  const auto found = targets_.find(uid);
  return found == targets_.end() ? nullptr : &found->second.decision;
}

bool Scaling::IsWanted(const std::string& uid) const {
  const auto found = targets_.find(uid);
  return found != targets_.end() && found->second.requests > 0 &&
         found->second.decision.replicas == 0;
}

}  // namespace strata::kube::controller
