// model/traffic/rollout.h - a move of a workload's traffic from one of its forms to another, in
// steps, as a value that is stored, and what it makes of the routes.
//
//   rows of the store --> [ WithRollouts ] --> routes that cells get
//
// A rollout is between two targets of one workload. Whatever leads to the workload as it is now, by
// trigger or by Route, is split between them; what names a revision or class itself is left alone.
// At the end the row stays: it is why traffic goes to a form that is not current, until a new
// revision of the workload takes its place.
//
// Threads: values and pure functions. Tested by model/traffic/rollout_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/traffic/conflicts.h"
#include "model/traffic/target.h"

namespace strata::model {

inline constexpr std::chrono::milliseconds kLongestInterval = std::chrono::hours(24 * 7);

struct Rollout {
  enum class State : std::uint8_t {
    kRunning,     // the canary has steps[step] percent
    kPromoted,    // the canary has everything but `kept`
    kRolledBack,  // the stable side has everything
  };

  std::string tenant;
  std::string name;  // of the workload
  Target stable;
  Target canary;
  std::vector<std::uint32_t> steps = {1, 10, 50, 100};  // percent, rising to 100
  std::chrono::milliseconds interval{30'000};           // that a step lasts at least
  std::chrono::milliseconds deadline{0};                // and at most; 0: as long as it takes
  double max_error_rate = 0.01;                         // see scheduler/moving/rollout.h
  double slower = 0.10;
  double more_4xx = 0;
  std::uint64_t min_calls = 100;

  State state = State::kRunning;
  std::size_t step = 0;     // index into `steps`
  std::uint32_t looks = 0;  // at the figures, so far
  // Both sides are still prepared, so that cells can switch without anything else; a moment after
  // the end only the side that has the traffic is.
  bool both = true;
  // Of a move that took away only what was too much for the stable side: the percent of the traffic
  // that stays there, and the calls a second that it carried. 0: all went.
  std::uint32_t kept = 0;
  double carried = 0;
  // The canary has everything again, for what was too much for it has come back. There is no undo
  // of that: the stable side never had everything.
  bool came_back = false;
  // Classes that traffic left by itself since somebody last decided where it goes: it does not go
  // back to them.
  std::vector<Class> missed;
  std::string because;  // what was decided last, and why
  WallTime started;
  WallTime since;  // of the state or step
  friend bool operator==(const Rollout&, const Rollout&) = default;

  // Percent of the traffic.
  [[nodiscard]] std::uint32_t canary_share() const noexcept;
  // The canary has what is too much for the stable side, for as long as it is.
  [[nodiscard]] bool overflows() const noexcept { return state == State::kPromoted && kept > 0; }
  // It has ended, and only the side that has the traffic is prepared any more.
  [[nodiscard]] bool settled() const noexcept { return state != State::kRunning && !both; }
  // The side that has everything, or that some overflows from; once it has ended.
  [[nodiscard]] const Target& winner() const noexcept {
    return state == State::kPromoted && kept == 0 ? canary : stable;
  }
};

// "running", "promoted", "rolled back"
std::string_view RolloutStateName(Rollout::State value) noexcept;

// All fields but tenant and name. kInvalidArgument: it is not of that form.
Json RolloutToJson(const Rollout& rollout);
Result<Rollout> RolloutFromJson(const Json& json);

// kInvalidArgument: steps that do not rise to 100, or figures out of range; says what would be
// right.
Result<void> CheckRollout(const Rollout& rollout);

// `routes` with each backend that is a current workload split between the sides of its rollout. A
// side without traffic is a backend of weight 0 while `both`.
std::vector<RouteEntry> WithRollouts(std::vector<RouteEntry> routes,
                                     std::span<const Rollout> rollouts);

}  // namespace strata::model
