// advisor/recommend/documents/rule_variables.h - what only the documents' rules ask for: of a
// technology, its market and a team, not of a workload. The documents' own list of variables has
// none of it.
//
//   rules, models.yaml --> [ these ] --> case.h (may be said), rules.cc (what the documents give)
//
// Threads: pure functions. Tested by recommend_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/recommend/case.h"

namespace strata::advisor {

std::vector<Variable> RuleVariables();

// A figure that the documents have for one of them, of WASM; it holds where nothing else was said,
// in rules alone.
struct GivenFigure {
  std::string_view variable;
  double value = 0;
  std::string source;  // "002 C§7.2"
};
std::vector<GivenFigure> GivenFigures();

}  // namespace strata::advisor
