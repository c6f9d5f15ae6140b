// advisor/numerics/matrix.h - the little linear algebra that the models need, by Eigen.
//
//   models: chains of states, regressions, stability --> [ these ] --> Outputs
//
// A Matrix is a vector of rows of equal length. Small (a dozen rows); everything here is direct.
//
// Threads:  pure, thread-safe. Errors: kFailedPrecondition, as stated; lengths that do not fit are
//           a bug of the model's. Tested by matrix_test.cc and, against NumPy, by
//           tests/advisor/models_test.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace strata::advisor::numerics {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

// `row` * `matrix`. `row` is as long as `matrix` has rows.
Vector Times(std::span<const double> row, const Matrix& matrix);

// A square `matrix` times itself, `steps` of them (0: the identity); in as many products as `steps`
// has binary digits, twice at most.
Matrix Power(const Matrix& matrix, std::uint64_t steps);

// The distribution that a step of the chain `matrix` (its rows sum to 1) leaves as it is.
// kFailedPrecondition: there is more than one, the chain falls apart.
Result<Vector> Stationary(const Matrix& matrix);

// The x that brings `matrix` * x nearest to `right` (least squares); for a square matrix of full
// rank the solution. kFailedPrecondition: more than one x does.
Result<Vector> Solve(const Matrix& matrix, std::span<const double> right);

// The largest real part of the eigenvalues of a square matrix: below 0, what it drives dies away.
double GrowthRate(const Matrix& matrix);

}  // namespace strata::advisor::numerics
