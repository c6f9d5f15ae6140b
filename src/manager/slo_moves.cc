// Traffic that leaves a class which does not keep its SLO, or cannot be started, for the next one;
// and what is too much for one, which comes back.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/async/pause.h"
#include "base/text/json.h"
#include "manager/manager_impl.h"
#include "manager/placing/own_figures.h"
#include "model/traffic/rollout.h"
#include "scheduler/moving/overflow.h"

namespace strata::manager {
namespace {

using model::Class;
using model::Rollout;

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::seconds kSettled{30};  // since something may be moved
constexpr std::chrono::minutes kProbeAgain{10};
constexpr const char* kDidNotDo = "it was tried, and did not do";
constexpr double kAll = 100;              // percent
constexpr std::uint32_t kWorthAMove = 5;  // percent of the traffic

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// Only what runs as a server can be, and then its keeper knows it, also after a restart of ours.
bool IsPaused(const Result<Json>& sandboxes) {
  return sandboxes && std::ranges::any_of((*sandboxes)["states"], [](const Json& state) {
           return state.value("paused", false);
         });
}

}  // namespace

Awaitable<void> ManagerImpl::KeepSlos() {
  std::optional<TimePoint> probes_at;
  while (true) {
    co_await Pause(loop_, kTick);
    if (!probes_at && slos_.MayMoveToImages()) probes_at = clock_.Now() + kSettled;
    if (probes_at && clock_.Now() >= *probes_at) {
      probes_at = TimePoint::max();  // once
      Spawn(loop_, ProbeAhead());
    }
    for (SloWatches::Missed& missed : slos_.Check(clock_.Now())) {
      Spawn(loop_, LeaveClass(std::move(missed)));
    }
    for (SloWatches::Calmed& calmed : slos_.Settled(clock_.Now())) {
      Spawn(loop_, ComeBack(std::move(calmed)));
    }
  }
}

// What the other classes can do here takes seconds to find out, and far longer on a host that has
// too much to do: it is known before a class has to be left for that.
Awaitable<void> ManagerImpl::ProbeAhead() {
  const auto all = scheduler::ClassSet::All();
  while (true) {
    const auto found = co_await probe_.Found(all);
    if (found) break;
    log_.Error("what the classes can do is asked again in a while, or when it matters",
               found.error());
    co_await Pause(loop_, kProbeAgain);
  }
  log_.Info("what the classes of this host can do is known");
}

// By itself: nobody's move waits for what another one has to start, which may take minutes.
Awaitable<void> ManagerImpl::LeaveClass(SloWatches::Missed missed) {
  const std::string workload = missed.tenant + "/" + missed.name;
  log_.Info("a class does not do", {{"workload", workload}, {"because", missed.because}});
  const auto moved = co_await MoveOn(missed);
  if (moved) co_return;
  log_.Error("move of " + workload + " to another class", moved.error());
  slos_.Stayed(missed, moved.error().message, clock_.Now());
}

// What went elsewhere because it was too much: both sides are ready, so it is a switch.
Awaitable<void> ManagerImpl::ComeBack(SloWatches::Calmed calmed) {
  const auto found = rollouts_.find({calmed.tenant, calmed.name});
  if (found == rollouts_.end()) co_return;
  const Rollout from = found->second;
  if (!from.overflows() || from.canary != calmed.to) co_return;  // somebody else was faster
  Rollout to = from;
  std::swap(to.stable, to.canary);
  to.kept = 0;
  to.came_back = true;
  to.because = "its overflow comes back: " + calmed.because;
  if (const auto form = forms_.Of(calmed.tenant, {calmed.name, 1, calmed.to});
      calmed.missed && form && *form) {
    const Class left = ClassOf((*form)->revision);
    to.missed.push_back(left);
    to.because = "its overflow leaves class " + Name(left) + ": " + calmed.because;
  }
  to.since = clock_.WallNow();
  const auto done = co_await GoOn(from, to);
  if (!done) {
    log_.Error("overflow of " + calmed.tenant + "/" + calmed.name + " comes back", done.error());
  }
}

// A move that is one step, decided already: as a rollout it is stored, shown and undone like one.
Task<void> ManagerImpl::MoveOn(SloWatches::Missed missed) {
  const std::string& tenant = missed.tenant;
  const std::string& name = missed.name;
  auto deploying = co_await deploying_.Take(tenant);
  if (!deploying) co_return std::unexpected(deploying.error());
  const auto form = forms_.Of(tenant, {name, 1, missed.target});
  if (!form) co_return std::unexpected(form.error());
  const auto traffic = TrafficOf(tenant, name);
  const bool still = *form && (*form)->revision.number == missed.revision;
  if (!still || !traffic || *traffic != missed.target) {
    co_return Result<void>{};  // it is gone, or somebody else has moved it
  }

  ServiceName of{tenant, name};
  const auto sandboxes = co_await ServiceSandboxes(std::move(of));
  if (IsPaused(sandboxes)) {
    log_.Info("a paused workload stays in its class", {{"workload", tenant + "/" + name}});
    slos_.Stayed(missed, "it is paused", clock_.Now());
    co_return Result<void>{};
  }

  co_return co_await MoveToNext((*form)->revision, missed, *deploying);
}

// A class that cannot be made ready here after all, whatever trying it had shown, is left out, and
// the next one chosen: else it would be chosen again for ever.
Task<void> ManagerImpl::MoveToNext(const model::Revision& revision,
                                   const SloWatches::Missed& missed, KeyedTurns::Turn& deploying) {
  const std::string workload = missed.tenant + "/" + missed.name;
  const Class left = ClassOf(revision);
  Rollout last;
  if (const auto found = rollouts_.find({missed.tenant, missed.name}); found != rollouts_.end()) {
    last = found->second;
  }
  Excluded without = {{left, kDidNotDo}};
  for (const Class each : last.missed) without.emplace(each, kDidNotDo);
  Rollout move;
  move.tenant = missed.tenant;
  move.name = missed.name;
  move.stable = missed.target;
  move.steps = {100};
  move.state = Rollout::State::kPromoted;
  move.carried = missed.carried;
  while (true) {
    const auto next = co_await NextFor(revision, missed, without, move.kept);
    if (!next && next.error().code == Errc::kFailedPrecondition) {
      log_.Warn(
          missed.overload ? "overloaded, and no other class is known to carry any of it"
                          : "traffic stays in a class that does not do",
          {{"workload", workload}, {"because", missed.because}, {"error", next.error().message}});
      // Fewer calls may come, and a class may be measured or installed.
      slos_.Stayed(missed, next.error().message, clock_.Now());
      co_return Result<void>{};
    }
    if (!next) co_return std::unexpected(next.error());
    const Class to_class = next->sandbox_class;
    move.canary = {.revision = missed.target.revision, .sandbox_class = to_class};
    if (last.overflows() && last.canary == move.canary && move.kept > 0 &&
        move.kept + kWorthAMove > last.kept) {
      slos_.Stayed(missed, "class " + Name(to_class) + " has its overflow already", clock_.Now());
      co_return Result<void>{};
    }
    move.missed = last.missed;
    if (move.kept == 0) move.missed.push_back(left);
    const std::string stays = std::to_string(move.kept) + " % stay; class ";
    move.because = "class " + Name(left) + ": " + missed.because + "; " +
                   (move.kept == 0 ? "class " : stays) + Name(to_class) +
                   " is next: " + next->because;

    const auto to = forms_.Of(move.tenant, {move.name, 1, move.canary});
    if (!to) co_return std::unexpected(to.error());
    if (!*to) co_return Result<void>{};  // it was deleted meanwhile
    Quiet quiet;
    auto ready = co_await PrepareRevision((*to)->revision, Mode::kCommit, quiet);
    if (ready || ready.error().code != Errc::kUnsupported) {
      co_return co_await SwitchPrepared(std::move(ready), deploying, std::move(move));
    }
    log_.Warn(
        "the next class cannot run it",
        {{"workload", workload}, {"class", Name(to_class)}, {"error", ready.error().message}});
    without.emplace(to_class, ready.error().message);
    unreleased_.insert(move.tenant);  // what it got before it failed
  }
}

// Where the traffic of what missed goes, and the percent that is kept back. What is too much for a
// class goes on to one that is expected to carry that, or else to one that carries some of it.
// kFailedPrecondition: there is none.
Task<model::Placement> ManagerImpl::NextFor(const model::Revision& revision,
                                            const SloWatches::Missed& missed,
                                            const Excluded& without, std::uint32_t& kept) {
  kept = 0;
  if (!missed.overload) co_return co_await NextClass(revision, without, std::nullopt);
  const double came = *missed.overload;
  kept = scheduler::KeptPercent(came, missed.carried);
  auto enough = co_await NextClass(revision, without, came * (kAll - kept) / kAll);
  if (enough || enough.error().code != Errc::kFailedPrecondition) co_return enough;
  auto some = co_await NextClass(revision, without, came * kWorthAMove / kAll);
  if (!some) co_return enough;
  const auto& estimate = some->alternatives.front().estimate;
  const double carries = estimate && estimate->qps ? *estimate->qps : 0;
  const double moves = std::min(kAll * carries / came, kAll - 1);
  kept = static_cast<std::uint32_t>(std::ceil(kAll - moves));
  co_return some;
}

// What the scheduler would choose without those. That the workload would be as slow there as it was
// here is what it assumes at deployment, and what trying another class questions: classes that it
// has not run in count as they were measured. What has to carry so many calls a second is asked to,
// and one of which nothing is known does not. kFailedPrecondition: there is none.
Task<model::Placement> ManagerImpl::NextClass(const model::Revision& revision,
                                              const Excluded& without,
                                              std::optional<double> overload) {
  if (auto fits = CheckShareable(revision.workload); !fits) {
    co_return Fail(Errc::kFailedPrecondition, fits.error().message);
  }
  auto deployed = DeployedAs(revision);
  if (!deployed) co_return std::unexpected(std::move(deployed).error());
  const model::Resource& resource = deployed->resource.resource;
  const Artifacts artifacts = deployed->artifacts();
  auto options = OptionsOf(resource, artifacts);
  if (!options) co_return std::unexpected(std::move(options).error());
  for (scheduler::Option& option : *options) {
    if (const auto out = without.find(option.sandbox_class); out != without.end()) {
      option.lacking = out->second;
    } else if (!RanIn(option.sandbox_class, models_, resource, artifacts)) {
      option.figures = measurements_.Of(option.sandbox_class);
    }
    if (overload && !option.figures && option.lacking.empty()) {
      option.lacking = "what it carries is not known ('strata measure' tells)";
    }
  }
  const Circumstances now{.overload = overload};
  co_return co_await Choose(resource, artifacts, *std::move(options), std::nullopt, now);
}

}  // namespace strata::manager
