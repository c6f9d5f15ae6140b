// advisor/recommend/documents/assumptions.h - what is assumed where the documents give no figure
// and where nothing was said, in figures and with its source.
//
//   "fast start" --> latency_ms < 100     nothing said of security --> Low
//
// These are ours: a document's figure is taken where one has it for the same thing, and named.
//
// Threads: pure functions. Tested by assumptions_test.cc.
#pragma once

#include <string_view>

#include "advisor/recommend/case.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor {

// What a need of the decision matrix is taken to mean, as trees.h evaluates and shows it: {"var",
// "op", "value"}. REQUIRES: the matrix has the need.
const Json& NeedCondition(std::string_view need);

// Every assumption that the answer to this case rests on, with whether it applies.
Section AssumptionsSection(const Case& about);

}  // namespace strata::advisor
