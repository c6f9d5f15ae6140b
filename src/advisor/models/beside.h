// advisor/models/beside.h - what was measured on this host of the things that a model claims
// figures of.
//
//   models.yaml, measure::Record --> [ MeasuredBeside ] --> the section "measured" of
//   `strata model`
//
// Ours: which row of a record shows a claim, in which class. The claims are the documents',
// whatever parameters are set; the judge is that of `strata measure` (measured/claimed.h).
//
// Threads: pure. Errors: none. Tested by beside_test.cc.
#pragma once

#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "measure/record.h"

namespace strata::advisor::models {

// The section "measured", and of the start-up contracts their tests; none: nothing that the model
// claims is measured by this platform. A claim that the record has no samples of has a row, too.
std::vector<Section> MeasuredBeside(std::string_view model, const measure::Record& record);

}  // namespace strata::advisor::models
