// scheduler/placing/bounds.h - what `slo` and `budget` bound: for each field what is asked, what a
// class is expected to do, and what would be asked if it gave way. Internal to Choose; a new bound
// is one more row in bounds.cc.
//
// A figure that is known in part only (how often calls fail, from so many calls; what another
// artifact did before this one) is a range. A class misses a bound when even the better end does,
// and is known to keep it when the worse end does.
//
// Pure. Tested by strategy_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "meter/prices.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

// The share of its processors' time, or of the calls at once, that a class is planned to use: above
// it calls wait for each other for longer than they take.
inline constexpr double kUsable = 0.7;

// US dollars for a million calls; of a Service, for a replica's month.
double CostOf(const Question& question, const Figures& figures, const meter::Price& price);

// Calls a second that one node can carry (the bounds of operational analysis, Denning and Buzen
// 1978): by processor time, and by how many calls and sandboxes there may be at once; of both a
// call's mean, since a long one keeps others waiting for all of its time.
double CapacityOf(const Question& question, model::Class sandbox_class, const Figures& figures,
                  double cores);
// The processors that a node needs for slo.qps; 0: none is asked for.
double CoresFor(const Question& question, const Figures& figures);
// What the manifest would have to say for `figures` to carry slo.qps.
double ReplicasFor(const Question& question, const Figures& figures);
double ConcurrencyFor(const Question& question, const Figures& figures);

struct Range {
  double least = 0;
  double most = 0;
};

// A class on a node, with the figures that are known.
struct Place {
  const Question& question;
  model::Class sandbox_class;
  const Figures& figures;
  double cores;
  double cost;
};

struct Bound {
  std::string_view field;  // of a manifest
  std::string_view has;    // "measured here: ", before the figure
  bool at_least = false;   // what is asked must be reached; else it must not be exceeded
  std::optional<double> (*asked)(const Question&);
  std::optional<Range> (*expected)(const Place&);  // nothing: not known
  // What bounds it that no manifest says; empty: nothing does. Null: nothing can.
  std::string (*because)(const Place&) = nullptr;
  // Asks for so little that `figure` keeps it; for nothing where a manifest cannot name that
  // little.
  void (*ask)(Question&, double figure);

  [[nodiscard]] double Better(const Range& range) const {
    return at_least ? range.most : range.least;
  }
  [[nodiscard]] double Worse(const Range& range) const {
    return at_least ? range.least : range.most;
  }
  [[nodiscard]] bool Keeps(double figure, double asked_for) const {
    return at_least ? figure >= asked_for : figure <= asked_for;
  }
};
inline constexpr std::size_t kBounds = 5;
std::span<const Bound, kBounds> Bounds() noexcept;

// "12.5", "130": a figure for people. And a number as a manifest has it: "99.95".
std::string Rounded(double value);
std::string Exact(double value);

}  // namespace strata::scheduler
