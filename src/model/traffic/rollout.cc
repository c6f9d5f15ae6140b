#include "model/traffic/rollout.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace strata::model {
namespace {

using State = Rollout::State;

constexpr std::uint32_t kAll = 100;  // percent
constexpr std::array kStates = {State::kRunning, State::kPromoted, State::kRolledBack};
constexpr std::size_t kMostSteps = 100;
constexpr double kMostSlower = 10'000;  // a class may be that far from another

std::int64_t Nanoseconds(WallTime time) { return time.time_since_epoch().count(); }
WallTime TimeOf(std::int64_t nanoseconds) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(nanoseconds)));
}

Result<State> StateFromName(const std::string& name) {
  const auto* const found = std::ranges::find(kStates, name, &RolloutStateName);
  if (found == kStates.end()) {
    return Fail(Errc::kInvalidArgument, "no rollout is in the state '" + name + "'");
  }
  return *found;
}

Result<Target> TargetFrom(const Json& json) {
  const auto text = json.get<std::string>();
  auto target = ParseTarget(text);
  if (!target) return Fail(Errc::kInvalidArgument, "'" + text + "' is no target");
  return *target;
}

// A side of a rollout. It stays apart from a backend that names the same form: whose calls compare
// forms can be told by the backend.
void AddSide(const Backend& of, const Target& target, std::uint32_t share, bool keep,
             RouteEntry& to) {
  if (share == 0 && !keep) return;
  to.shares.push_back(to.backends.size());
  to.backends.push_back({of.function, of.weight * share, target});
}

}  // namespace

std::uint32_t Rollout::canary_share() const noexcept {
  switch (state) {
    case State::kRunning:
      return steps[step];
    case State::kPromoted:
      return kAll - kept;
    case State::kRolledBack:
      break;
  }
  return 0;
}

std::string_view RolloutStateName(State value) noexcept {
  switch (value) {
    case State::kRunning:
      return "running";
    case State::kPromoted:
      return "promoted";
    case State::kRolledBack:
      break;
  }
  return "rolled back";
}

Json RolloutToJson(const Rollout& rollout) {
  Json missed = Json::array();
  for (const Class each : rollout.missed) missed.push_back(ClassName(each));
  return {{"stable", rollout.stable.ToString()},
          {"canary", rollout.canary.ToString()},
          {"steps", rollout.steps},
          {"interval_ms", rollout.interval.count()},
          {"deadline_ms", rollout.deadline.count()},
          {"max_error_rate", rollout.max_error_rate},
          {"slower", rollout.slower},
          {"more_4xx", rollout.more_4xx},
          {"min_calls", rollout.min_calls},
          {"state", RolloutStateName(rollout.state)},
          {"step", rollout.step},
          {"looks", rollout.looks},
          {"both", rollout.both},
          {"kept", rollout.kept},
          {"carried", rollout.carried},
          {"came_back", rollout.came_back},
          {"missed", std::move(missed)},
          {"because", rollout.because},
          {"started_ns", Nanoseconds(rollout.started)},
          {"since_ns", Nanoseconds(rollout.since)}};
}

Result<Rollout> RolloutFromJson(const Json& json) {
  Rollout rollout;
  try {
    auto stable = TargetFrom(json.at("stable"));
    if (!stable) return std::unexpected(std::move(stable).error());
    auto canary = TargetFrom(json.at("canary"));
    if (!canary) return std::unexpected(std::move(canary).error());
    auto state = StateFromName(json.at("state").get<std::string>());
    if (!state) return std::unexpected(std::move(state).error());
    rollout.stable = *stable;
    rollout.canary = *canary;
    rollout.steps = json.at("steps").get<std::vector<std::uint32_t>>();
    rollout.interval = std::chrono::milliseconds(json.at("interval_ms").get<std::int64_t>());
    rollout.max_error_rate = json.at("max_error_rate").get<double>();
    rollout.slower = json.at("slower").get<double>();
    rollout.min_calls = json.at("min_calls").get<std::uint64_t>();
    rollout.state = *state;
    rollout.step = json.at("step").get<std::size_t>();
    rollout.looks = json.at("looks").get<std::uint32_t>();
    rollout.both = json.at("both").get<bool>();
    // Earlier versions stored none of these five. They did not look at 4xx: one that they began
    // goes on so.
    rollout.more_4xx = json.value("more_4xx", 1.0);
    rollout.deadline = std::chrono::milliseconds(json.value("deadline_ms", std::int64_t{0}));
    rollout.kept = json.value("kept", 0U);
    rollout.carried = json.value("carried", 0.0);
    rollout.came_back = json.value("came_back", false);
    for (const Json& name : json.at("missed")) {
      const auto left = ClassFromName(name.get<std::string>());
      if (!left) return Fail(Errc::kInvalidArgument, "not a rollout: no such class");
      rollout.missed.push_back(*left);
    }
    rollout.because = json.at("because").get<std::string>();
    rollout.started = TimeOf(json.at("started_ns").get<std::int64_t>());
    rollout.since = TimeOf(json.at("since_ns").get<std::int64_t>());
  } catch (const Json::exception& wrong) {
    return Fail(Errc::kInvalidArgument, std::string("not a rollout: ") + wrong.what());
  }
  if (auto sound = CheckRollout(rollout); !sound) return std::unexpected(std::move(sound).error());
  return rollout;
}

Result<void> CheckRollout(const Rollout& rollout) {
  const auto& steps = rollout.steps;
  const auto rises = std::ranges::adjacent_find(steps, std::ranges::greater_equal{}) == steps.end();
  if (steps.empty() || steps.size() > kMostSteps || steps.front() == 0 || steps.back() != kAll ||
      !rises) {
    return Fail(Errc::kInvalidArgument,
                "steps are percents that rise, from 1 at least to 100 at the end: 1,10,50,100");
  }
  if (rollout.step >= steps.size()) return Fail(Errc::kInvalidArgument, "there is no such step");
  if (rollout.kept >= kAll) return Fail(Errc::kInvalidArgument, "some of the traffic moves");
  if (rollout.interval.count() < 1 || rollout.interval > kLongestInterval) {
    return Fail(Errc::kInvalidArgument, "the interval is from 1 ms to a week (604800000 ms)");
  }
  const bool ends = rollout.deadline.count() != 0;
  if (ends && (rollout.deadline <= rollout.interval || rollout.deadline > kLongestInterval)) {
    return Fail(Errc::kInvalidArgument,
                "the deadline of a step is longer than its interval, and a week (604800000 ms) at "
                "most; without one it takes as long as it needs");
  }
  if (!(rollout.max_error_rate >= 0 && rollout.max_error_rate <= 1)) {
    return Fail(Errc::kInvalidArgument, "the error rate is a share, from 0 to 1: 0.01 is 1 %");
  }
  if (!(rollout.slower >= 0 && rollout.slower <= kMostSlower)) {
    return Fail(Errc::kInvalidArgument,
                "how much slower it may be is a share, from 0 to 10000: 0.1 is 10 %");
  }
  if (!(rollout.more_4xx >= 0 && rollout.more_4xx <= 1)) {
    return Fail(Errc::kInvalidArgument,
                "how many more answers of 4xx it may give is a share, from 0 to 1: 0.01 is 1 %");
  }
  if (rollout.min_calls < 1) return Fail(Errc::kInvalidArgument, "a step needs a call at least");
  return {};
}

std::vector<RouteEntry> WithRollouts(std::vector<RouteEntry> routes,
                                     std::span<const Rollout> rollouts) {
  for (RouteEntry& route : routes) {
    const auto of = [&](const Backend& backend) {
      return std::ranges::find_if(rollouts, [&](const Rollout& each) {
        return backend.target.current() && each.tenant == route.tenant &&
               each.name == backend.function;
      });
    };
    if (std::ranges::none_of(route.backends,
                             [&](const Backend& each) { return of(each) != rollouts.end(); })) {
      continue;
    }
    const std::vector<Backend> whole = std::exchange(route.backends, {});
    for (const Backend& backend : whole) {
      const auto found = of(backend);
      if (found == rollouts.end()) {
        route.backends.push_back({backend.function, backend.weight * kAll, backend.target});
        continue;
      }
      const std::uint32_t share = found->canary_share();
      AddSide(backend, found->stable, kAll - share, found->both, route);
      AddSide(backend, found->canary, share, found->both, route);
    }
  }
  return routes;
}

}  // namespace strata::model
