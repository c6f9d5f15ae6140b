#include "scheduler/placing/strategy.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "scheduler/placing/bounds.h"
#include "scheduler/placing/ways.h"
#include "scheduler/placing/weigh.h"

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;

std::string Name(Class sandbox_class) { return std::string(model::ClassName(sandbox_class)); }

// "SLO", "budget"; empty: nothing is bounded.
std::string Bounded(const Question& question) {
  if (question.slo != model::Slo()) return "SLO";
  return question.budget.cents ? "budget" : "";
}

// Why one that fitted was not taken.
std::string Outdone(const Question& question, const Weighed& by, const Weighed& loser) {
  const model::Alternative& best = by.shown;
  const model::Alternative& lost = loser.shown;
  if (!best.estimate)
    return "nothing was measured; " + Name(best.sandbox_class) + " goes first then";
  if (!lost.estimate) return "not measured on this host ('strata measure' does)";
  if (by.knows && !loser.knows) {
    return "whether it keeps the " + Bounded(question) + " is not known from what was seen so far";
  }
  if (lost.estimate->cost <= best.estimate->cost) return Name(best.sandbox_class) + " wins ties";
  if (best.estimate->cost <= 0) return "costs something; " + Name(best.sandbox_class) + " nothing";
  return "costs " + Rounded(lost.estimate->cost / best.estimate->cost) + " times as much as " +
         Name(best.sandbox_class);
}

std::string Because(const Question& question, const Weighed& best, std::size_t fitting) {
  const std::string bound = Bounded(question);
  const std::string kept = bound.empty() ? ""
                           : best.knows  ? " and keeps the " + bound
                                         : "; whether it keeps the " + bound + " is not known";
  if (question.asked && !question.asked_by.empty()) {
    return std::string(question.asked_by) + " " + Name(*question.asked) + kept;
  }
  if (question.asked) return "spec.class asks for it" + kept;
  if (question.by == model::PlacementBy::kRule) return "the rule gives it" + kept;
  if (fitting == 1) return "the only class that fits" + kept;
  if (!best.shown.estimate) {
    return "the first of what fits; none of that was measured here yet" + kept;
  }
  return "the cheapest of " + std::to_string(fitting) + " that fit" + kept;
}

// The share of each one's cost that the cheapest has.
void Score(Field& field) {
  double least = std::numeric_limits<double>::infinity();
  for (const Weighed& each : field) {
    if (each.shown.estimate) least = std::min(least, each.shown.estimate->cost);
  }
  for (Weighed& each : field) {
    if (!each.shown.estimate) continue;
    const double cost = each.shown.estimate->cost;
    each.shown.score = cost > least ? least / cost : 1;
  }
}

}  // namespace

std::string_view BelowFloor(const model::Requires& asked, Class sandbox_class) noexcept {
  const bool strong = sandbox_class >= Class::kMicrovm;
  if (asked.security == Level::kHigh && !strong) {
    return "requires.security: high asks for a machine of its own";
  }
  if (asked.compatibility == Level::kHigh && !strong) {
    return "requires.compatibility: high asks for a machine of its own";
  }
  if (asked.security == Level::kMedium && sandbox_class == Class::kContainer) {
    return "requires.security: medium does not allow sharing the host's kernel";
  }
  return "";
}

Class ByRule(const Question& question) noexcept {
  const model::Requires& asks = question.requires_;
  if (asks.security == Level::kHigh || asks.compatibility == Level::kHigh) return Class::kMicrovm;
  if (asks.performance == Level::kHigh && question.function) return Class::kWasm;
  return Class::kContainer;
}

Result<model::Placement> Choose(const Question& question, std::span<const Option> options,
                                std::span<const Node> nodes, const meter::Prices& prices) {
  const Case asked{question, options, nodes, prices};
  Field field = WeighAll(asked);
  const Weighed* best = Best(field);
  if (best == nullptr) return std::unexpected(NothingFits(asked, field));
  Score(field);
  const auto fitting = static_cast<std::size_t>(
      std::ranges::count_if(field, [](const Weighed& each) { return each.shown.lost.empty(); }));
  model::Placement placement{.sandbox_class = best->shown.sandbox_class,
                             .by_rule = ByRule(question),
                             .node = best->node->name,
                             .pool = best->option->pool,
                             .because = Because(question, *best, fitting),
                             .alternatives = {best->shown}};
  for (Weighed& each : field) {
    if (&each == best) continue;
    if (each.shown.lost.empty()) each.shown.lost = Outdone(question, *best, each);
    placement.alternatives.push_back(std::move(each.shown));
  }
  return placement;
}

}  // namespace strata::scheduler
