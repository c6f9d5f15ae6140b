// advisor/page/heat.h - how much a cell of a matrix says: what colours the heat maps.
//
//   a column of facts/matrices.yaml --> [ HeatOf ] --> a step each --> page.css's colours, a word
//
// The step is a way to see it; what is compared is compare/values.h's.
//
// Threads:  pure functions. Errors: none; a cell that is no amount has step 0. Tested by
//           heat_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {

inline constexpr int kHeatSteps = 5;

struct Heat {
  int step = 0;  // 1 (least) to kHeatSteps (most); 0: the cell is no amount
  Text place;    // in its column, the least first: "2 of 6", "2-3 of 6" where the bounds differ
};

// Of the cells of one column, in their order. Numbers are steps of the logarithm of their range's
// middle, between the least and the most of the column; stars are steps; words ("low", "very fast")
// have steps of their own. A column of which only one cell is an amount has none.
std::vector<Heat> HeatOf(const std::vector<Json>& column);

// The step that a measured `value`, in the unit's base (compare/values.h), has on the scale of the
// cells of one column: 1 also below all of them, kHeatSteps above. 0: they are no numbers.
int StepOn(const std::vector<Json>& column, double value);

}  // namespace strata::advisor
