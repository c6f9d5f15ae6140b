// advisor/measured/sections.h - what the report of a record and that of two have in common.
//
//   measure/record.h --> report.cc, drift.cc --> [ these ] --> sections of `strata measure`
//
// Threads:  pure functions. Errors: as stated. Tested by report_test.cc.
#pragma once

#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"
#include "measure/record.h"

namespace strata::advisor {

Cell PlaceCell(std::string_view in);

// kFailedPrecondition: it has no rows; why not, and how to get some.
Result<void> CheckRows(const measure::Record& record);

// A column for each record.
Section HostSection(const std::vector<const measure::Record*>& records);

}  // namespace strata::advisor
