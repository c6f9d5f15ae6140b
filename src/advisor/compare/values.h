// advisor/compare/values.h - a cell of the matrices: as text, as a range, and in the order that a
// document states.
//
//   a cell of facts/matrices.yaml (Json) --> [ ValueCell, RangeOf, StepOf, CheckOrder, ... ] -->
//   compare, page
//
// What is read are the facts, whose form facts_test.cc checks.
//
// Threads:  pure functions. Errors: none; a cell that is no range is nothing. Tested by
//           values_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {

// "10-60 s", "high (GB)", "★★★★☆", "KVM, Xen"; for programs the range or the stars.
Cell ValueCell(const Json& cell);

// In the unit's base: times in ms, sizes in MB, anything else as it is. Without a bound it goes on.
struct Range {
  std::optional<double> least;
  std::optional<double> most;
  std::string unit;

  // Where `value` lies: below, within or above.
  [[nodiscard]] int Side(double value) const noexcept;
};

// Nothing: the cell is no range.
std::optional<Range> RangeOf(const Json& cell);

// How much a cell says that is stars or one of the documents' words ("low", "very fast", "fine-
// grained"), from 1 to 5; nothing: it is no amount, or one in figures alone. Words of one column
// compare with each other.
std::optional<int> StepOf(const Json& cell);

// Two concepts, by their ids, and what the cells of each say, as they have it; nothing where they
// say the same.
struct OrderPair {
  std::string left;
  std::string right;
  Text left_says;
  Text right_says;
};

// Whether the cells are in the order that is stated, by one of their bounds; words have one.
struct OrderCheck {
  bool holds = true;   // no cell is before one that it should be behind
  bool strict = true;  // and none is like its neighbour
  std::vector<OrderPair> ties;
  std::vector<OrderPair> violations;  // neighbours that are the other way round
};

enum class Bound : std::uint8_t { kLeast, kMost };

// `matrix` and an ordering that has a "column" of it.
OrderCheck CheckOrder(const Json& matrix, const Json& ordering, Bound bound);

// The pairs of `ordering` that `other`, one of the same concepts, has the other way round.
std::vector<OrderPair> Contradictions(const Json& ordering, const Json& other);

// Whether those that are stated to be best in a column of stars are.
struct BestCheck {
  bool holds = true;                // no other has more than the least of them
  bool strict = true;               // nor as many
  std::vector<std::string> others;  // concepts with as many or more
};

// `matrix` and one of its statements that has "check_against_cells"; its id is the column.
BestCheck CheckBest(const Json& matrix, const Json& statement);

}  // namespace strata::advisor
