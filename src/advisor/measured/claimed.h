// advisor/measured/claimed.h - what a record has of a row in a place, beside what the facts claim
// of it: the one judge of measure, compare, recommend, model and the page, so that all say the same
// of a record.
//
//   Record, Row, place --> [ DescribeRow, LookAt ] --> Measured
//     --> [ JudgeClaims, JudgeClaim ] --> claims and verdicts
//
// Threads: pure functions; views are of the table of rows. Tested by claimed_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "advisor/compare/claims.h"
#include "advisor/measured/judge.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"
#include "measure/record.h"
#include "measure/rows.h"
#include "model/values.h"

namespace strata::advisor {

struct Measured {
  const measure::Row* row;
  std::string_view in;
  std::size_t samples;
  double value;                 // the quantile that stands for them
  numerics::Interval interval;  // of that, 95 %; infinite where the samples are too few to tell
  std::string_view unit;        // the row's, or kTimes of what is compared with another place
};

// How many times more of one thing there is than of another.
inline constexpr std::string_view kTimes = "x";
inline const Text kIntervalOfTimes{
    "Of a ratio (x) the interval is from the ends of both sides', so of 90 % at least.",
    "比值（x）的区间由两侧区间的端点得出，置信度至少 90%。"};

// Where a claim of no row of its own is looked for: a row in one class, or how many times more of
// it there is than in another.
struct Sight {
  std::string_view row;
  model::Class in = model::Class::kWasm;
  std::optional<model::Class> against;
};

// Nothing: there are no samples, or a single one of a row of which not the median is shown: a
// record of the first form has the median alone.
std::optional<Measured> DescribeRow(const measure::Record& record, const measure::Row& row,
                                    std::string_view in);

// Nothing: there are no samples, of one side or of both. The interval of a ratio is from both
// sides' ends, so at least 90 %; its samples are those of the side with fewer.
std::optional<Measured> LookAt(const measure::Record& record, const Sight& sight);
// "density of this host, wasm / container".
Text ShowSight(const Sight& sight);

struct JudgedClaim {
  std::string_view reference;  // of the row, claims.h
  Claim claim;
  std::optional<double> ratio;     // to the nearest bound of the claim; nothing: there is none
  std::optional<Verdict> verdict;  // nothing: `text` says why
  Text text;
};

JudgedClaim JudgeClaim(const Measured& measured, std::string_view reference, Claim claim);

// In the order of the row's claims; without those of which there is none for the place.
std::vector<JudgedClaim> JudgeClaims(const Measured& measured);

// claimed, measured, interval, ratio, verdict and source; null: nothing is claimed.
std::vector<Cell> ClaimCells(const Measured& measured, const JudgedClaim* claim);
// The same of a claim of no row of its own; where the record lacks what is looked for they say so.
std::vector<Cell> SightCells(const measure::Record& record, const Sight& sight, Claim claim);
// The columns of both, behind `before`.
std::vector<Column> WithClaimColumns(std::vector<Column> before);

// The range that a claim stands for. A number alone holds as far as it is written: "~2" for a tenth
// each way, "300" for what is 300 when rounded to hundreds.
std::optional<Range> ClaimedRange(const Json& cell);

// How many times more `above` is than `below`, two claimed times, as far as both are written: of
// 800 ms over 15 ms not 53.3, but from 750 / 15.5 to 850 / 14.5.
Json ClaimedTimes(const Json& above, const Json& below);

// `record` itself; of one without rows (of the first form) the three figures that it has of each
// class, as rows of one sample.
measure::Record WithRows(measure::Record record);

Text LabelOf(const measure::Row& row);
// "3.83 ms", "0.943..6.4": three digits, a sample is no better.
double Short(double value);
Cell ShortCell(double value, std::string_view unit = "");
// Of an end that is infinite a program sees null; nothing where both are.
Cell IntervalCell(const numerics::Interval& interval);

}  // namespace strata::advisor
