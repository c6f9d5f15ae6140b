// advisor/measured/claimed.h - what a record has of a row in a place, beside what the facts claim
// of it: the one judge of measure, compare, recommend and the page, so that all say the same of a
// record.
//
//   Record, Row, place --> [ DescribeRow ] --> Measured --> [ JudgeClaims ] --> claims and verdicts
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
#include "measure/record.h"
#include "measure/rows.h"

namespace strata::advisor {

struct Measured {
  const measure::Row* row;
  std::string_view in;
  std::size_t samples;
  double value;                 // the quantile that stands for them
  numerics::Interval interval;  // of that, 95 %; infinite where the samples are too few to tell
};

// Nothing: there are no samples.
std::optional<Measured> DescribeRow(const measure::Record& record, const measure::Row& row,
                                    std::string_view in);

struct JudgedClaim {
  std::string_view reference;  // of the row, claims.h
  Claim claim;
  std::optional<double> ratio;     // to the nearest bound of the claim; nothing: there is none
  std::optional<Verdict> verdict;  // nothing: `text` says why
  Text text;
};

// In the order of the row's claims; without those of which there is none for the place.
std::vector<JudgedClaim> JudgeClaims(const Measured& measured);

// claimed, measured, interval, ratio, verdict and source; null: nothing is claimed.
std::vector<Cell> ClaimCells(const Measured& measured, const JudgedClaim* claim);

// The range that a claim stands for. A number alone holds as far as it is written: "~2" for a tenth
// each way, "300" for what is 300 when rounded to hundreds.
std::optional<Range> ClaimedRange(const Json& cell);

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
