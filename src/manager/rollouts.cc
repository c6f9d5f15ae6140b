// Moves of a workload's traffic between its forms: started, carried on, ended.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/pause.h"
#include "base/timestamp.h"
#include "manager/manager_impl.h"
#include "manager/placing/fits.h"
#include "model/traffic/rollout.h"

namespace strata::manager {
namespace {

using model::Rollout;
using State = Rollout::State;
using RolloutVerb = Manager::RolloutVerb;

constexpr std::string_view kAsked = "the rollout asks for class";
constexpr std::chrono::milliseconds kTick{100};
// After its end both sides stay prepared for so long: calls that are under way, and second
// thoughts.
constexpr std::chrono::seconds kSettled{5};

std::string Full(const Rollout& rollout) { return rollout.tenant + "/" + rollout.name; }

std::string StartedWith(std::uint32_t percent) {
  constexpr std::uint32_t kMuch = 50;
  std::string told = "it was started";
  if (percent > kMuch) {
    told += "; the first step's " + std::to_string(percent) +
            " % have the new side before it was compared with anything";
  }
  return told;
}

// Those that are kept, for people: "3, 2 and 1"; the newest first.
std::string RevisionsOf(store::Store& store, const std::string& tenant, const std::string& name) {
  const auto kept = store.Revisions(tenant, name);
  if (!kept || kept->empty()) return "none";
  std::string text;
  for (const model::Revision& each : *kept) {
    const bool last = &each == &kept->back();
    text += text.empty() ? "" : last ? " and " : ", ";
    text += std::to_string(each.number);
  }
  return text;
}

// `deployed`: whether there is a workload of that name.
Error NoRollout(const Result<void>& deployed, const std::string& full) {
  if (!deployed) return deployed.error();
  return {Errc::kNotFound,
          "there is no rollout of " + full + " since its newest revision was applied"};
}

// What `rollout` becomes. kFailedPrecondition: not from the state that it is in, or to one that it
// never was in.
Result<Rollout> EndedByHand(Rollout rollout, RolloutVerb verb, WallTime now) {
  const State needed = verb == RolloutVerb::kUndo ? State::kPromoted : State::kRunning;
  if (rollout.state != needed) {
    return Fail(Errc::kFailedPrecondition, "the rollout of " + Full(rollout) + " is " +
                                               std::string(model::RolloutStateName(rollout.state)) +
                                               ", not " +
                                               std::string(model::RolloutStateName(needed)));
  }
  if (rollout.came_back) {
    return Fail(Errc::kFailedPrecondition, "there is nothing to undo for " + Full(rollout) +
                                               ": its overflow has come back; 'strata rollout "
                                               "start --to' moves its traffic");
  }
  rollout.state = verb == RolloutVerb::kPromote ? State::kPromoted : State::kRolledBack;
  rollout.because = verb == RolloutVerb::kPromote ? "promoted by hand"
                    : verb == RolloutVerb::kAbort ? "aborted by hand"
                                                  : "undone by hand";
  rollout.since = now;
  rollout.both = true;
  return rollout;
}

}  // namespace

// Whatever is decided is decided by figures that are at most a tick old.
Awaitable<void> ManagerImpl::RunRollouts() {
  // What went wrong with each at last, which is told once: a full disk is one for hours.
  std::map<std::string, std::string> failing;
  while (true) {
    co_await Pause(loop_, kTick);
    const auto rollouts = rollouts_;  // what is done changes them
    for (const auto& [name, rollout] : rollouts) {
      auto next = watch_.Next(rollout);
      if (!next && rollout.both && rollout.state != State::kRunning && !rollout.overflows() &&
          watch_.Lasted(rollout) >= kSettled) {
        next = rollout;
        next->both = false;
      }
      if (!next && watch_.looks(rollout) != rollout.looks) {
        next = rollout;
        next->looks = watch_.looks(rollout);
      }
      if (!next) continue;
      auto done = co_await GoOn(rollout, *std::move(next));
      if (done) {
        failing.erase(Full(rollout));
      } else if (std::exchange(failing[Full(rollout)], done.error().message) !=
                 done.error().message) {
        log_.Error("rollout of " + Full(rollout), done.error());
      }
    }
    std::erase_if(failing, [this](const auto& entry) {
      return std::ranges::none_of(
          rollouts_, [&entry](const auto& each) { return Full(each.second) == entry.first; });
    });
  }
}

Task<void> ManagerImpl::GoOn(Rollout from, Rollout to) {
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  const auto found = rollouts_.find({from.tenant, from.name});
  if (found == rollouts_.end() || found->second != from)
    co_return Result<void>{};  // others were faster
  from.looks = to.looks;
  if (from == to) {  // cells need not hear of that
    auto kept = store_->PutRollout(to);
    if (kept) found->second = std::move(to);
    co_return kept;
  }
  co_return co_await SwitchTo(std::move(to));
}

// In a turn of the changes.
Task<void> ManagerImpl::SwitchTo(Rollout rollout) {
  if (auto kept = store_->PutRollout(rollout); !kept) {
    ReleaseUnused();
    co_return kept;
  }
  if (!rollout.settled()) {
    log_.Info("rollout", {{"workload", Full(rollout)},
                          {"state", std::string(model::RolloutStateName(rollout.state))},
                          {"canary", rollout.canary.ToString()},
                          {"percent", std::to_string(rollout.canary_share())},
                          {"because", rollout.because}});
  }
  changed_.Notify();
  auto served = co_await Serve();
  if (served) co_return served;
  Spawn(loop_, ServeUntilDone());
  co_return Wrap(served.error(),
                 "stored, but not every cell serves it yet (it is being tried again)");
}

// To what was made ready in the tenant's turn, which is given up; where that is not switched to it
// is let go of.
Task<void> ManagerImpl::SwitchPrepared(Result<void> prepared, KeyedTurns::Turn& deploying,
                                       Rollout to) {
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (prepared) {
    const auto still = TrafficOf(to.tenant, to.name);
    if (!still) {
      prepared = std::unexpected(still.error());
    } else if (*still != to.stable) {
      prepared = Fail(Errc::kUnavailable, "something else has moved the traffic of " + Full(to) +
                                              " meanwhile; try again");
    }
  }
  // Nothing of a tenant is let go of while somebody has its turn.
  {
    const KeyedTurns::Turn given_up = std::move(deploying);
  }
  if (!prepared) {
    ReleaseUnused();
    co_return prepared;
  }
  to.started = to.since = clock_.WallNow();  // not when it was asked for: preparing took its time
  co_return co_await SwitchTo(std::move(to));
}

// As the store has them.
Result<void> ManagerImpl::ReadRollouts() {
  auto stored = store_->Rollouts();
  if (!stored) return std::unexpected(std::move(stored).error());
  watch_.Follow(*stored);
  rollouts_.clear();
  for (Rollout& rollout : *stored) {
    std::pair name(rollout.tenant, rollout.name);
    rollouts_.emplace(std::move(name), std::move(rollout));
  }
  return {};
}

// Where the traffic of a workload goes that no rollout is moving.
Result<model::Target> ManagerImpl::TrafficOf(const std::string& tenant, const std::string& name) {
  if (auto known = RequireFunction(tenant, name); !known) return std::unexpected(known.error());
  const auto found = rollouts_.find({tenant, name});
  if (found == rollouts_.end()) return model::Target{};
  const Rollout& rollout = found->second;
  if (rollout.state != State::kRunning) return rollout.winner();
  return Fail(
      Errc::kFailedPrecondition,
      "a rollout of " + Full(rollout) + " is running; 'strata rollout abort' or 'promote' ends it");
}

Task<Json> ManagerImpl::StartRollout(RolloutRequest request, Progress& progress) {
  Rollout plan = std::move(request.plan);
  if (!options_.observe.access_log && !options_.observe.metering) {
    co_return Fail(Errc::kFailedPrecondition,
                   "a rollout is judged by its calls, and this server records none: start it "
                   "without --no-metering or without --no-access-log");
  }
  if (auto sound = model::CheckRollout(plan); !sound) co_return std::unexpected(sound.error());
  plan.because = StartedWith(plan.steps.front());
  auto stable = TrafficOf(plan.tenant, plan.name);
  if (!stable) co_return std::unexpected(stable.error());
  plan.stable = *stable;
  // Not a conditional expression: gcc 12 destroys its temporaries twice around co_await.
  Result<void> started;
  if (request.files.empty()) {
    started = co_await StartTo(plan, request.anew, progress);
  } else {
    started = co_await StartByFiles(plan, std::move(request.files), progress);
  }
  if (!started) co_return std::unexpected(started.error());
  co_return GetRollout(plan.tenant, plan.name);
}

// To the class that the newest revision would be placed in now.
Task<void> ManagerImpl::PlaceAnew(Rollout& plan) {
  const auto newest = forms_.Of(plan.tenant, {plan.name, 1, {}});
  if (!newest) co_return std::unexpected(newest.error());
  if (!*newest) co_return Fail(Errc::kNotFound, "there is no " + Full(plan) + " any more");
  const model::Revision& revision = (*newest)->revision;
  const auto deployed = DeployedAs(revision);
  if (!deployed) co_return std::unexpected(deployed.error());
  const auto asked = AskedClass(*deployed);
  if (!asked) co_return std::unexpected(asked.error());
  if (*asked) {
    co_return Fail(Errc::kFailedPrecondition, "the class of " + Full(plan) +
                                                  " is named (spec.class or spec.within), so there "
                                                  "is nothing to decide");
  }
  const model::Resource& resource = deployed->resource.resource;
  const Artifacts artifacts = deployed->artifacts();
  auto options = OptionsOf(resource, artifacts);
  if (!options) co_return std::unexpected(std::move(options).error());
  const Circumstances as_it_is;
  const auto chosen =
      co_await Choose(resource, artifacts, *std::move(options), std::nullopt, as_it_is);
  if (!chosen) co_return std::unexpected(chosen.error());
  const std::string found =
      "class " + std::string(model::ClassName(chosen->sandbox_class)) + ": " + chosen->because;
  const auto now = forms_.Of(plan.tenant, {plan.name, 1, plan.stable});
  if (now && *now && (*now)->revision.number == revision.number &&
      ClassOf((*now)->revision) == chosen->sandbox_class) {
    co_return Fail(Errc::kFailedPrecondition,
                   "the traffic of " + Full(plan) + " stays where it is, in " + found);
  }
  plan.canary = {};
  if (chosen->sandbox_class != ClassOf(revision)) plan.canary.sandbox_class = chosen->sandbox_class;
  plan.because += "; decided anew: " + found;
  co_return Result<void>{};
}

// To something that is deployed already.
Task<void> ManagerImpl::StartTo(Rollout plan, bool anew, Progress& progress) {
  auto deploying = co_await deploying_.Take(plan.tenant);
  if (!deploying) co_return std::unexpected(deploying.error());
  if (anew) {
    auto placed = co_await PlaceAnew(plan);
    if (!placed) co_return std::unexpected(placed.error());
  }
  // The newest revision is known by no number: what has its traffic is what is deployed.
  const auto newest = forms_.Of(plan.tenant, {plan.name, 1, {}});
  if (newest && *newest && plan.canary.revision == (*newest)->revision.number) {
    plan.canary.revision.reset();
  }
  const model::Backend to{plan.name, 1, plan.canary};
  const model::Backend from{plan.name, 1, plan.stable};
  auto canary = forms_.Of(plan.tenant, to);
  if (!canary) co_return std::unexpected(canary.error());
  if (!*canary) {
    co_return Fail(Errc::kNotFound, Full(plan) + " has no revision " +
                                        std::to_string(plan.canary.revision.value_or(0)) +
                                        " (any more); it has " +
                                        RevisionsOf(*store_, plan.tenant, plan.name));
  }
  const auto stable = forms_.Of(plan.tenant, from);
  if (stable && *stable && (*stable)->revision.number == (*canary)->revision.number &&
      ClassOf((*stable)->revision) == ClassOf((*canary)->revision)) {
    co_return Fail(Errc::kFailedPrecondition,
                   "the traffic of " + Full(plan) + " goes there already");
  }
  auto ready = co_await PrepareForm(nullptr, plan.tenant, to, Mode::kCommit, kAsked, progress);
  if (!ready) ready = Wrap(ready.error(), "rollout of " + Full(plan));
  co_return co_await SwitchPrepared(std::move(ready), *deploying, std::move(plan));
}

// To a new revision, which is deployed without getting all of the traffic.
Task<void> ManagerImpl::StartByFiles(Rollout plan, std::vector<ManifestFile> files,
                                     Progress& progress) {
  for (ManifestFile& file : files) file.tenant = plan.tenant;
  auto candidates = co_await ReadCandidates(std::move(files), progress);
  if (!candidates) co_return std::unexpected(candidates.error());
  const model::Resource& resource = candidates->front().resource.resource;
  if (candidates->size() != 1 || resource.workload() == nullptr ||
      resource.metadata.name != plan.name) {
    co_return Fail(Errc::kInvalidArgument,
                   "the manifest must hold the Function or Service " + Full(plan) + " alone");
  }
  if (auto fits = CheckShareable(*resource.workload()); !fits) {
    co_return Wrap(fits.error(), resource.key().ToString());
  }
  candidates->front().resource.rollout = std::move(plan);
  auto changes = co_await Deploy(*candidates, Mode::kCommit, progress);
  if (!changes) co_return std::unexpected(changes.error());
  co_return Result<void>{};
}

Task<Json> ManagerImpl::EndRollout(std::string tenant, std::string name, RolloutVerb verb) {
  std::optional<KeyedTurns::Turn> deploying;
  Result<void> ready;
  auto taken = co_await changes_.Take();
  if (!taken) co_return std::unexpected(taken.error());
  std::optional<Turns::Turn> turn(*std::move(taken));
  // Only in a turn is it known: what had its turn before may have let go of the other side.
  const auto before = rollouts_.find({tenant, name});
  if (verb == RolloutVerb::kUndo && before != rollouts_.end() && !before->second.both &&
      EndedByHand(before->second, verb, clock_.WallNow())) {
    const model::Backend back{name, 1, before->second.stable};
    turn.reset();  // others go on while it is made ready
    auto tenants = co_await deploying_.Take(tenant);
    if (!tenants) co_return std::unexpected(tenants.error());
    deploying.emplace(*std::move(tenants));
    Quiet quiet;
    ready = co_await PrepareForm(nullptr, tenant, back, Mode::kCommit, kAsked, quiet);
    auto again = co_await changes_.Take();
    if (!again) co_return std::unexpected(again.error());
    turn.emplace(*std::move(again));
  }
  Result<Rollout> next =
      std::unexpected(NoRollout(RequireFunction(tenant, name), tenant + "/" + name));
  if (!ready) {
    next = std::unexpected(ready.error());
  } else if (const auto found = rollouts_.find({tenant, name}); found != rollouts_.end()) {
    next = EndedByHand(found->second, verb, clock_.WallNow());
  }
  deploying.reset();  // what is not needed is let go of, unless somebody has the tenant's turn
  if (!next) {
    ReleaseUnused();
    co_return std::unexpected(next.error());
  }
  if (auto done = co_await SwitchTo(*std::move(next)); !done) {
    co_return std::unexpected(done.error());
  }
  co_return GetRollout(tenant, name);
}

Json ManagerImpl::ToJson(const Rollout& rollout, const FormsNow::Newest* read) {
  const auto side = [&](const model::Target& target) {
    Json json = BackendsToJson(rollout.tenant, {{rollout.name, 1, target}}, read).front();
    json.erase("function");
    json.erase("share");
    json["target"] = target.ToString();
    return json;
  };
  return {{"namespace", rollout.tenant},
          {"name", rollout.name},
          {"state", model::RolloutStateName(rollout.state)},
          {"share", rollout.canary_share()},
          {"stable", side(rollout.stable)},
          {"canary", side(rollout.canary)},
          {"steps", rollout.steps},
          {"step", rollout.step},
          {"interval_ms", rollout.interval.count()},
          {"deadline_ms", rollout.deadline.count()},
          {"max_error_rate", rollout.max_error_rate},
          {"slower", rollout.slower},
          {"more_4xx", rollout.more_4xx},
          {"min_calls", rollout.min_calls},
          {"because", rollout.because},
          {"started", Rfc3339(rollout.started)},
          {"since", Rfc3339(rollout.since)},
          {"figures", watch_.Figures(rollout)}};
}

Result<Json> ManagerImpl::GetRollout(const std::string& tenant, const std::string& name) {
  const auto found = rollouts_.find({tenant, name});
  if (found == rollouts_.end())
    return std::unexpected(NoRollout(RequireFunction(tenant, name), tenant + "/" + name));
  collector_.DrainAll();
  return ToJson(found->second);
}

}  // namespace strata::manager
