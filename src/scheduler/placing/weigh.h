// scheduler/placing/weigh.h - every class on its way through the rules, and the best that is left.
//
//   Case --> [ WeighAll ] --> Field --> [ Best ] --> the placement, or NothingFits (ways.h)
//
// Internal to Choose (strategy.h, which has the rules). A class is asked, in this order, and loses
// by the first that fails: the security floor, the class or the rule that was asked for, a variant
// that this host and class can run, a limit of memory that the class can give, a node with the
// class and the memory, the bounds of SLO and budget (bounds.h). Its estimate is filled in for as
// long as there are figures, also when it has lost; its cost is then at the price of the node that
// would be taken, as everybody's.
//
// Threads:  pure. Errors: none: what is wrong with a class is text, for people.
// Lifetime: a Field points into the options and nodes of its Case, which must outlive it.
// Tested by strategy_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "meter/prices.h"
#include "model/placement.h"
#include "scheduler/placing/bounds.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

// What Choose is asked.
struct Case {
  const Question& question;
  std::span<const Option> options;
  std::span<const Node> nodes;
  const meter::Prices& prices;
};

// What is wrong with a class: `shown.lost`, empty while nothing is.
struct Weighed {
  const Option* option = nullptr;
  const Node* node = nullptr;  // that it would run on; null: none can take it
  bool knows = false;          // that it keeps every bound
  std::array<std::optional<Range>, kBounds> expected;  // of those asked; of what lost before: none
  model::Alternative shown;
};

// In the order of preference: of equals, the first is taken.
using Field = std::array<Weighed, model::kClasses.size()>;

Field WeighAll(const Case& asked);

// That a node must have free, for what is there at all times.
Bytes MemoryFor(const Question& question) noexcept;

// Of the nodes that have the class, the one with the most memory free. Null: none has it.
const Node* Roomiest(model::Class sandbox_class, std::span<const Node> nodes) noexcept;

// Of those that fit: first what is known to keep its bounds, then what was measured, then the
// cheapest. Null: none fits.
const Weighed* Best(const Field& field);

}  // namespace strata::scheduler
