// Traffic that leaves a class which does not keep its SLO, or cannot be started, for the next one.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/pause.h"
#include "manager/manager_impl.h"
#include "manager/own_figures.h"
#include "model/rollout.h"

namespace strata::manager {
namespace {

using model::Class;
using model::Rollout;

constexpr std::chrono::seconds kTick{1};

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// Only what runs as a server can be, and then its keeper knows it, also after a restart of ours.
bool IsPaused(const Result<Json>& sandboxes) {
  return sandboxes && std::ranges::any_of((*sandboxes)["states"], [](const Json& state) {
           return state.value("paused", false);
         });
}

}  // namespace

Awaitable<void> ManagerImpl::KeepSlos() {
  while (true) {
    co_await Pause(loop_, kTick);
    for (SloWatches::Missed& missed : slos_.Check(clock_.Now())) {
      Spawn(loop_, LeaveClass(std::move(missed)));
    }
  }
}

// By itself: nobody's move waits for what another one has to start, which may take minutes.
Awaitable<void> ManagerImpl::LeaveClass(SloWatches::Missed missed) {
  const std::string workload = missed.tenant + "/" + missed.name;
  log_.Info("a class does not do", {{"workload", workload}, {"because", missed.because}});
  const auto moved = co_await MoveOn(missed);
  if (moved) co_return;
  log_.Error("move of " + workload + " to another class", moved.error());
  slos_.TryAgain(missed, clock_.Now());
}

// A move that is one step, decided already: as a rollout it is stored, shown and undone like one.
Task<void> ManagerImpl::MoveOn(SloWatches::Missed missed) {
  const std::string& tenant = missed.tenant;
  const std::string& name = missed.name;
  auto deploying = co_await deploying_.Take(tenant);
  if (!deploying) co_return std::unexpected(deploying.error());
  const auto form = FormOf(tenant, {name, 1, missed.target});
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
    slos_.TryAgain(missed, clock_.Now());
    co_return Result<void>{};
  }

  Rollout move;
  move.tenant = tenant;
  move.name = name;
  move.stable = missed.target;
  move.steps = {100};
  move.state = Rollout::State::kPromoted;
  if (const auto last = rollouts_.find({tenant, name}); last != rollouts_.end()) {
    move.missed = last->second.missed;
  }
  const Class left = ClassOf((*form)->revision);
  move.missed.push_back(left);
  const auto next = co_await NextClass((*form)->revision, move.missed, missed.overload);
  if (!next && next.error().code == Errc::kFailedPrecondition) {
    log_.Warn(missed.overload ? "overloaded, and no other class is known to carry more"
                              : "traffic stays in a class that does not do",
              {{"workload", tenant + "/" + name},
               {"because", missed.because},
               {"error", next.error().message}});
    // Fewer calls may come, and a class may be measured or installed.
    slos_.TryAgain(missed, clock_.Now());
    co_return Result<void>{};
  }
  if (!next) co_return std::unexpected(next.error());
  move.canary = {.revision = missed.target.revision, .sandbox_class = next->sandbox_class};
  move.because = "class " + Name(left) + ": " + missed.because + "; class " +
                 Name(next->sandbox_class) + " is next: " + next->because;

  const auto to = FormOf(tenant, {name, 1, move.canary});
  if (!to) co_return std::unexpected(to.error());
  if (!*to) co_return Result<void>{};  // it was deleted meanwhile
  Quiet quiet;
  auto ready = co_await PrepareRevision((*to)->revision, Mode::kCommit, quiet);
  move.started = move.since = clock_.WallNow();
  co_return co_await SwitchPrepared(std::move(ready), *deploying, std::move(move));
}

// What the scheduler would choose without those. That the workload would be as slow there as it was
// here is what it assumes at deployment, and what trying another class questions: classes that it
// has not run in count as they were measured. What has to carry so many calls a second is asked to,
// and one of which nothing is known does not. kFailedPrecondition: there is none.
Task<model::Placement> ManagerImpl::NextClass(const model::Revision& revision,
                                              const std::vector<Class>& without,
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
    if (std::ranges::find(without, option.sandbox_class) != without.end()) {
      option.lacking = "it was tried, and did not do";
    } else if (!RanIn(option.sandbox_class, models_, resource, artifacts)) {
      option.figures = measurements_.Of(option.sandbox_class);
    }
    if (overload && !option.figures && option.lacking.empty()) {
      option.lacking = "what it carries is not known ('strata measure' tells)";
    }
  }
  co_return co_await Choose(resource, artifacts, *std::move(options), std::nullopt, overload);
}

}  // namespace strata::manager
