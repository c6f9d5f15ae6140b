// measure/run.h - takes the samples: all kinds in all places, in turns, until there are enough or
// the time is over.
//
//   places, depth → [ Run ] → Series (record.h)
//
// A turn takes one set of samples of each kind in each place; every other turn goes the other way
// through the places, so that none of them always follows the same neighbour. No kind begins that
// would not end in time, by what it took there before. A kind that fails in a place is not tried
// there again; its rows say why. A place that cannot run a program has no rows but their reasons.
//
// Threads: one, blocked until the end. Whatever it deployed is removed again, also when it is asked
// to stop. Tested by run_test.cc.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "measure/kinds.h"
#include "measure/place.h"
#include "measure/record.h"

namespace strata::measure {

struct Progress {
  unsigned turn = 0;  // from 1
  std::string_view in;
  const Kind* kind = nullptr;  // that begins now
  Duration passed{};
  Duration budget{};
};

struct RunOptions {
  Depth depth = Depth::kFull;
  Duration budget{};  // within which all ends, but for what is under way and the removal
  std::function<void(const Progress&)> on_progress;
  std::function<bool()> stopped;  // asked between two kinds
};

// The budget of --quick and that of a full run: their promised three and twenty minutes, less what
// the last kind and the removal may still need.
Duration BudgetOf(Depth depth) noexcept;

// The rows of every place, taken or with why not. kUnavailable: it was asked to stop.
Result<std::vector<Series>> Run(std::span<Place* const> places, const Clock& clock,
                                const RunOptions& options);

}  // namespace strata::measure
