#include "manager/slo_watches.h"

#include <algorithm>
#include <optional>

namespace strata::manager {
namespace {

using model::Rollout;

// Where the traffic of a workload is that may be moved by us; nothing: it may not.
std::optional<model::Target> Movable(const model::Revision& revision,
                                     std::span<const Rollout> rollouts) {
  if (revision.workload.sandbox_class || revision.workload.within) return std::nullopt;
  const auto found = std::ranges::find_if(rollouts, [&revision](const Rollout& each) {
    return each.tenant == revision.tenant && each.name == revision.name;
  });
  if (found == rollouts.end()) return model::Target{};
  const bool taken_back = found->state == Rollout::State::kRolledBack && !found->missed.empty();
  if (found->state == Rollout::State::kRunning || taken_back) return std::nullopt;
  return found->winner();
}

}  // namespace

void SloWatches::Follow(std::span<const Form> forms, std::span<const Rollout> rollouts,
                        TimePoint now) {
  auto before = std::exchange(watched_, {});
  for (const Form& form : forms) {
    const model::Revision& revision = form.revision;
    if (Movable(revision, rollouts) != form.target) continue;
    Name name(revision.tenant, revision.name);
    const auto old = before.find(name);
    if (old != before.end() && old->second.revision == revision.number &&
        old->second.target == form.target) {
      watched_.emplace(std::move(name), old->second);
    } else {
      watched_.emplace(std::move(name),
                       Watched{.revision = revision.number,
                               .target = form.target,
                               .watch = scheduler::SloWatch(revision.workload.slo.p99, now)});
    }
  }
}

void SloWatches::Add(const cell::Function& function, const meter::CallRecord& record) {
  const auto found = watched_.find({function.tenant, function.name});
  if (found == watched_.end() || function.target != found->second.target.ToString()) return;
  if (!meter::TellsOfCallee(record)) return;
  found->second.watch.Add(Duration(meter::TookNs(record)), record.sandbox);
}

std::vector<SloWatches::Missed> SloWatches::Check(TimePoint now) {
  std::vector<Missed> missed;
  for (auto& [name, watched] : watched_) {
    auto why = watched.watch.Check(now);
    if (!why || now < watched.silent_until) continue;
    watched.silent_until = TimePoint::max();
    missed.push_back({.tenant = name.first,
                      .name = name.second,
                      .revision = watched.revision,
                      .target = watched.target,
                      .because = std::move(why->because),
                      .overload = why->overload});
  }
  return missed;
}

void SloWatches::TryAgain(const Missed& missed, TimePoint now) {
  const auto found = watched_.find({missed.tenant, missed.name});
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  if (watched.revision != missed.revision || watched.target != missed.target) return;
  watched.silent_until = now + kTryAgain;
}

}  // namespace strata::manager
