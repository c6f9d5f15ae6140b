// advisor/measured/report.h - `strata measure`: what a record says, beside what the documents
// claim; and what has changed between two of them.
//
// Sections of a record: "measured" (claimed | measured here | ratio | verdict, with 95 % intervals
// and sources), "spread" (samples, quartiles, outliers, the ratio of both halves), "contracts",
// "lacking", "failed", "rows" (what is measured, how) and "host". Of two records: "drift", "apart",
// "untold" and "host".
//
// Threads: pure functions; the same report for the same record. Tested by report_test.cc and,
// against SciPy, by tests/advisor/measure_test.py.
#pragma once

#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"
#include "measure/record.h"

namespace strata::advisor {

// Where a record has rows, the bare process first, then classes by weight.
std::vector<std::string_view> PlacesOf(const measure::Record& record);

// The section "contracts" alone; without rows where no start of their classes was measured.
Section ContractsSection(const measure::Record& record);

// kFailedPrecondition: the record has no rows, it was written before there were any; says what to
// do.
Result<Report> MeasuredReport(const measure::Record& record);

// Rows that differ significantly only: a rank test (Mann and Whitney) for each row of each place
// that both records have, at 5 % for all of them together (Holm); of what is exact, any difference.
// Rows with too few samples for that stand apart, those whose samples do not overlap (and
// whose own p is at most 5 %) with both figures. kFailedPrecondition: as above.
Result<Report> DriftReport(const measure::Record& older, const measure::Record& newer);

}  // namespace strata::advisor
