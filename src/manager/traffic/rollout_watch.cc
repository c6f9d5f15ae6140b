#include "manager/traffic/rollout_watch.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace strata::manager {
namespace {

using State = model::Rollout::State;
using Verdict = scheduler::Judgement::Verdict;

constexpr std::uint32_t kAll = 100;  // percent
constexpr std::uint32_t kHalf = 50;

bool SameStep(const model::Rollout& a, const model::Rollout& b) {
  return a.state == b.state && a.step == b.step && a.since == b.since;
}

// There is nothing to compare the canary with.
bool HasItAlone(const model::Rollout& rollout) {
  return rollout.step == 0 && rollout.canary_share() == kAll;
}

model::Rollout Ended(model::Rollout rollout, State state, std::string because, WallTime now) {
  rollout.state = state;
  rollout.because = std::move(because);
  rollout.since = now;
  return rollout;
}

}  // namespace

void RolloutWatch::Follow(std::span<const model::Rollout> rollouts) {
  std::map<Name, Watched> before = std::exchange(watched_, {});
  for (const model::Rollout& rollout : rollouts) {
    Name name(rollout.tenant, rollout.name);
    Watched old = std::move(before[name]);
    if (SameStep(old.rollout, rollout)) {
      old.rollout = rollout;
      watched_.emplace(std::move(name), std::move(old));
      continue;
    }
    Watched& watched = watched_[std::move(name)];
    // The last step has no stable side of its own.
    const bool goes_on = old.rollout.started == rollout.started && rollout.canary_share() == kAll;
    if (goes_on) watched.stable = std::move(old.stable);
    watched.alone = !goes_on && rollout.step > 0 && rollout.canary_share() == kAll;
    watched.rollout = rollout;
    watched.began = BeganOf(rollout);
    watched.looks = rollout.looks;
  }
}

void RolloutWatch::Add(const cell::Function& function, const meter::CallRecord& record) {
  if (watched_.empty()) return;
  const auto found = watched_.find({function.tenant, function.name});
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  // By the wall clock as it goes now, which the record's was read from.
  const WallTime began = clock_.WallNow() - (clock_.Now() - watched.began);
  const auto since = static_cast<std::uint64_t>(began.time_since_epoch().count());
  if (watched.rollout.state != State::kRunning || record.wall_start_ns < since) return;
  if (!meter::Drawn(record)) return;
  const bool canary = function.target == watched.rollout.canary.ToString();
  if (!canary && function.target != watched.rollout.stable.ToString()) return;
  // Until a cell has switched to what a rollout brought, it calls the old revision the current one.
  const auto& old = watched.rollout.stable.revision;
  if (canary && watched.rollout.canary.current() && old == function.revision) return;
  Counted& side = canary ? watched.canary : watched.stable;
  if (record.lost == 1) {
    ++side.lost;
  } else if (meter::Refused(record)) {
    side.judged.AddRefused();
  } else if (meter::FoundFull(record)) {
    side.judged.AddFull();
  } else if (meter::Left(record)) {
    side.judged.AddLeft(meter::TookNs(record) / 1000);
  } else if (meter::TellsOfCallee(record)) {
    side.judged.Add(meter::TookNs(record) / 1000, meter::Failed(record));
  }
}

TimePoint RolloutWatch::BeganOf(const model::Rollout& rollout) const {
  const Duration over = clock_.WallNow() - rollout.since;
  return clock_.Now() - std::clamp<Duration>(over, Duration::zero(), rollout.interval);
}

std::uint32_t RolloutWatch::looks(const model::Rollout& rollout) const {
  const auto found = watched_.find({rollout.tenant, rollout.name});
  return found == watched_.end() ? rollout.looks : found->second.looks;
}

Duration RolloutWatch::Lasted(const model::Rollout& rollout) const {
  const auto found = watched_.find({rollout.tenant, rollout.name});
  return found == watched_.end() ? Duration::zero() : clock_.Now() - found->second.began;
}

std::optional<model::Rollout> RolloutWatch::Next(const model::Rollout& rollout) {
  const auto found = watched_.find({rollout.tenant, rollout.name});
  if (found == watched_.end() || rollout.state != State::kRunning) return std::nullopt;
  Watched& watched = found->second;
  const WallTime now = clock_.WallNow();
  if (watched.alone) {
    model::Rollout back = rollout;
    --back.step;
    back.because = "the stable side's figures are lost with an earlier manager";
    back.since = now;
    return back;
  }
  const bool alone = HasItAlone(rollout);
  const scheduler::Side& stable = watched.stable.judged;
  const scheduler::Side& canary = watched.canary.judged;
  const bool enough =
      canary.calls >= rollout.min_calls && (alone || stable.calls >= rollout.min_calls);
  const bool at_end = clock_.Now() - watched.began >= rollout.interval && enough;
  if (canary.came() >= watched.next_look || (at_end && !watched.looked_at_end)) {
    watched.next_look = scheduler::NextLook(canary.came());
    watched.looked_at_end = at_end;
    // At 100 % the stable side's answers are those of an earlier time: what was asked then says
    // nothing of how many 4xx there should be now. A canary that refuses was found before.
    const bool at_once = rollout.canary_share() < kAll;
    // Of two that may have as many calls at once, the one with more of them is full first.
    const bool more = rollout.canary_share() > kHalf;
    watched.last = scheduler::Judge(stable, canary,
                                    {.max_error_rate = rollout.max_error_rate,
                                     .slower = rollout.slower,
                                     .more_4xx = at_once ? rollout.more_4xx : 1,
                                     .more_full = more,
                                     .min_calls = rollout.min_calls,
                                     .alone = alone},
                                    ++watched.looks);
  }
  model::Rollout next = rollout;
  next.looks = watched.looks;
  if (watched.last.verdict == Verdict::kBad) {
    return Ended(std::move(next), State::kRolledBack, watched.last.because, now);
  }
  if (!at_end || watched.last.verdict != Verdict::kGood) {
    if (rollout.deadline.count() == 0 || clock_.Now() - watched.began < rollout.deadline) {
      return std::nullopt;
    }
    return Ended(std::move(next), State::kRolledBack,
                 fmt::format("its step of {} % was not over at its deadline, after {} s: it waited "
                             "for {}",
                             rollout.canary_share(),
                             std::chrono::ceil<std::chrono::seconds>(rollout.deadline).count(),
                             WaitsFor(watched)),
                 now);
  }
  if (rollout.step + 1 == rollout.steps.size()) {
    return Ended(std::move(next), State::kPromoted, watched.last.because, now);
  }
  ++next.step;
  next.because = watched.last.because;
  next.since = now;
  return next;
}

std::string RolloutWatch::WaitsFor(const Watched& watched) const {
  const model::Rollout& rollout = watched.rollout;
  std::vector<std::string> all;
  const auto calls = [&](const scheduler::Side& side, std::string_view whose) {
    if (side.calls >= rollout.min_calls) return;
    const std::uint64_t more = rollout.min_calls - side.calls;
    all.push_back(fmt::format("{} more {} of the {}", more, more == 1 ? "call" : "calls", whose));
  };
  calls(watched.canary.judged, "canary");
  if (!HasItAlone(rollout)) calls(watched.stable.judged, "stable side");
  const Duration left = rollout.interval - (clock_.Now() - watched.began);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  if (seconds > 0) all.push_back(fmt::format("{} s to pass", seconds));
  if (all.empty() && watched.last.verdict == Verdict::kUndecided) {
    all.emplace_back("calls that tell whether the canary is as good");
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

Json RolloutWatch::ToJson(const Counted& side) {
  return {{"calls", side.judged.calls},
          {"failed", side.judged.failed},
          {"p99_ms", static_cast<double>(side.judged.latencies.Quantile(0.99)) / 1e3},
          {"status_4xx", side.judged.refused},
          {"lost", side.lost}};
}

Json RolloutWatch::Figures(const model::Rollout& rollout) const {
  const auto found = watched_.find({rollout.tenant, rollout.name});
  if (found == watched_.end()) return Json::object();
  const Watched& watched = found->second;
  Json json{{"stable", ToJson(watched.stable)}, {"canary", ToJson(watched.canary)}};
  if (!watched.last.because.empty()) json["verdict"] = watched.last.because;
  std::string waits;
  if (watched.rollout.state == State::kRunning) waits = WaitsFor(watched);
  if (!waits.empty()) json["waits_for"] = std::move(waits);
  return json;
}

}  // namespace strata::manager
