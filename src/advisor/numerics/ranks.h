// advisor/numerics/ranks.h - whether two sets of samples differ, whatever their distribution: the
// rank test of Mann and Whitney (1947), and the correction of Holm (1979) for many of them.
//
// Pure, thread-safe. Tested by ranks_test.cc (small cases counted out) and, against SciPy, by
// tests/advisor/measure_test.py.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace strata::advisor::numerics {

// How likely samples are that lie at least as far apart as these when both come from the same
// distribution (two-sided). Without ties and with at most 20 of each it is exact; else by the
// normal distribution, corrected for ties and continuity. 1: nothing speaks against it, also when
// one side is empty.
double RankTest(std::span<const double> left, std::span<const double> right);

// The least that RankTest finds for so many: when all of one side are above all of the other.
double LeastChance(std::size_t left, std::size_t right);

// Which of many tests with these least chances can still find something at `level` for all of them
// together, in their order: the others are left out, so that they cost those nothing (Tarone 1990).
// It depends on nothing that was found.
std::vector<bool> Able(std::span<const double> least, double level);

// Those of `chances`, in their order, as they are to be compared with the level that all of them
// together shall have: the least is multiplied by how many there are, the next by one less, and
// none is below the one before it; at most 1.
std::vector<double> HolmAdjusted(std::span<const double> chances);

}  // namespace strata::advisor::numerics
