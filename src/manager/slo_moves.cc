// Traffic that leaves a class which does not keep its SLO, or cannot be started, for the next one.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/pause.h"
#include "manager/manager_impl.h"
#include "model/rollout.h"

namespace strata::manager {
namespace {

using model::Class;
using model::Rollout;

constexpr std::chrono::seconds kTick{1};

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

}  // namespace

Awaitable<void> ManagerImpl::KeepSlos() {
  while (true) {
    co_await Pause(loop_, kTick);
    for (const SloWatches::Missed& missed : slos_.Check(clock_.Now())) {
      auto moved = co_await MoveOn(missed);
      if (moved) continue;
      log_.Warn("traffic stays in a class that does not do",
                {{"workload", missed.tenant + "/" + missed.name},
                 {"because", missed.because},
                 {"error", moved.error().message}});
      slos_.GiveUp(missed);  // to say it once is enough
    }
  }
}

// A move that is one step, decided already: as a rollout it is stored, shown and undone like one.
Task<void> ManagerImpl::MoveOn(SloWatches::Missed missed) {
  const std::string& tenant = missed.tenant;
  const std::string& name = missed.name;
  auto deploying = co_await deploying_.Take(tenant);
  if (!deploying) co_return std::unexpected(deploying.error());
  auto traffic = TrafficOf(tenant, name);
  if (!traffic) co_return std::unexpected(traffic.error());
  const model::Backend here{name, 1, *traffic};
  const auto form = FormOf(tenant, here);
  if (!form) co_return std::unexpected(form.error());
  if (!*form) co_return Fail(Errc::kNotFound, "it is gone");

  Rollout move;
  move.tenant = tenant;
  move.name = name;
  move.stable = *traffic;
  move.steps = {100};
  move.state = Rollout::State::kPromoted;
  if (const auto last = rollouts_.find({tenant, name}); last != rollouts_.end()) {
    move.missed = last->second.missed;
  }
  const Class left = ClassOf((*form)->revision);
  move.missed.push_back(left);
  auto next = co_await NextClass((*form)->revision, move.missed);
  if (!next) co_return std::unexpected(next.error());
  move.canary.sandbox_class = next->sandbox_class;
  move.because = "class " + Name(left) + ": " + missed.because + "; class " +
                 Name(next->sandbox_class) + " is next: " + next->because;

  const auto to = FormOf(tenant, {name, 1, move.canary});
  if (!to) co_return std::unexpected(to.error());
  if (auto fits = CheckShareable((*to)->revision.workload); !fits) co_return fits;
  Quiet quiet;
  auto ready = co_await PrepareRevision((*to)->revision, Mode::kCommit, quiet);
  if (!ready) co_return ready;
  auto turn = co_await changes_.Take();
  if (!turn) co_return std::unexpected(turn.error());
  if (auto still = TrafficOf(tenant, name); !still || *still != move.stable) {
    co_return Result<void>{};  // somebody else has moved it
  }
  move.started = move.since = clock_.WallNow();
  co_return co_await SwitchTo(std::move(move));
}

// What the scheduler would choose without those. That the workload would be as slow there as it was
// here is what it assumes at deployment, and what trying another class questions: classes that it
// has not run in count as they were measured.
Task<model::Placement> ManagerImpl::NextClass(const model::Revision& revision,
                                              const std::vector<Class>& without) {
  auto deployed = DeployedAs(revision);
  if (!deployed) co_return std::unexpected(std::move(deployed).error());
  const model::Resource& resource = deployed->resource.resource;
  const Artifacts artifacts = deployed->artifacts();
  auto options = OptionsOf(resource, artifacts);
  if (!options) co_return std::unexpected(std::move(options).error());
  for (scheduler::Option& option : *options) {
    if (std::ranges::find(without, option.sandbox_class) != without.end()) {
      option.lacking = "it was tried, and did not do";
    } else if (!OwnFigures(resource, artifacts, option)) {
      option.figures = measurements_.Of(option.sandbox_class);
    }
  }
  co_return co_await Choose(resource, artifacts, *std::move(options), std::nullopt);
}

}  // namespace strata::manager
