// scheduler/weigh.h - every class on its way through the rules, and the best that is left. Internal
// to Choose.
//
// Pure. Tested by strategy_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "meter/prices.h"
#include "model/placement.h"
#include "scheduler/bounds.h"
#include "scheduler/strategy.h"

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
  const Node* node = nullptr;
  bool knows = false;                                  // that it keeps every bound
  std::array<std::optional<Range>, kBounds> expected;  // of those asked, of classes with a node
  model::Alternative shown;
};

// In the order of preference: of equals, the first is taken.
using Field = std::array<Weighed, model::kClasses.size()>;

Field WeighAll(const Case& asked);

// Of those that fit: first what is known to keep its bounds, then what was measured, then the
// cheapest. Null: none fits.
const Weighed* Best(const Field& field);

}  // namespace strata::scheduler
