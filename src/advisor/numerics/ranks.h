// advisor/numerics/ranks.h - whether two sets of samples differ, whatever their distribution: the
// rank test of Mann and Whitney (1947), and the correction of Holm (1979) for many of them.
//
// Pure, thread-safe. Tested by ranks_test.cc (small cases counted out) and, against SciPy, by
// tests/advisor/measure_test.py.
#pragma once

#include <span>
#include <vector>

namespace strata::advisor::numerics {

// How likely samples are that lie at least as far apart as these when both come from the same
// distribution (two-sided). Without ties and with at most 20 of each it is exact; else by the
// normal distribution, corrected for ties and continuity. 1: nothing speaks against it, also when
// one side is empty.
double RankTest(std::span<const double> left, std::span<const double> right);

// Those of `chances`, in their order, as they are to be compared with the level that all of them
// together shall have: the least is multiplied by how many there are, the next by one less, and
// none is below the one before it; at most 1.
std::vector<double> HolmAdjusted(std::span<const double> chances);

}  // namespace strata::advisor::numerics
