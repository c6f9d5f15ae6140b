#include "advisor/numerics/matrix.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include <Eigen/Core>         // IWYU pragma: keep
#include <Eigen/Eigenvalues>  // IWYU pragma: keep
#include <Eigen/QR>           // IWYU pragma: keep

#include "base/check.h"
#include "base/result.h"

namespace strata::advisor::numerics {
namespace {

Eigen::MatrixXd Dense(const Matrix& matrix) {
  const std::size_t columns = matrix.empty() ? 0 : matrix.front().size();
  Eigen::MatrixXd dense(matrix.size(), columns);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    STRATA_CHECK(matrix[i].size() == columns);
    for (std::size_t j = 0; j < columns; ++j) dense(i, j) = matrix[i][j];
  }
  return dense;
}

Vector Plain(const Eigen::VectorXd& dense) { return {dense.begin(), dense.end()}; }

Result<Vector> LeastSquares(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right) {
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(matrix);
  if (qr.rank() < matrix.cols()) {
    return Fail(Errc::kFailedPrecondition, "the equations have more than one solution");
  }
  return Plain(qr.solve(right));
}

}  // namespace

Vector Times(std::span<const double> row, const Matrix& matrix) {
  STRATA_CHECK(row.size() == matrix.size());
  const Eigen::Map<const Eigen::RowVectorXd> left(row.data(),
                                                  static_cast<Eigen::Index>(row.size()));
  const Eigen::VectorXd product = (left * Dense(matrix)).transpose();
  return Plain(product);
}

Matrix Power(const Matrix& matrix, std::uint64_t steps) {
  Eigen::MatrixXd square = Dense(matrix);
  STRATA_CHECK(square.rows() == square.cols());
  Eigen::MatrixXd power = Eigen::MatrixXd::Identity(square.rows(), square.cols());
  for (; steps > 0; steps /= 2) {
    if (steps % 2 == 1) power *= square;
    square *= square;
  }
  Matrix rows;
  for (const auto& row : power.rowwise()) rows.emplace_back(row.begin(), row.end());
  return rows;
}

Result<Vector> Stationary(const Matrix& matrix) {
  const Eigen::MatrixXd chain = Dense(matrix);
  const Eigen::Index states = chain.rows();
  STRATA_CHECK(states > 0 && chain.cols() == states);
  // pi * (P - 1) = 0, and one equation more: the shares sum to 1.
  Eigen::MatrixXd equations(states + 1, states);
  equations.topRows(states) = chain.transpose() - Eigen::MatrixXd::Identity(states, states);
  equations.row(states).setOnes();
  Eigen::VectorXd right = Eigen::VectorXd::Zero(states + 1);
  right(states) = 1;
  auto shares = LeastSquares(equations, right);
  if (!shares)
    return Fail(Errc::kFailedPrecondition, "the chain has more than one stationary distribution");
  return shares;
}

Result<Vector> Solve(const Matrix& matrix, std::span<const double> right) {
  STRATA_CHECK(matrix.size() == right.size());
  const Eigen::Map<const Eigen::VectorXd> side(right.data(),
                                               static_cast<Eigen::Index>(right.size()));
  return LeastSquares(Dense(matrix), side);
}

double GrowthRate(const Matrix& matrix) {
  const Eigen::MatrixXd square = Dense(matrix);
  STRATA_CHECK(square.rows() > 0 && square.rows() == square.cols());
  return square.eigenvalues().real().maxCoeff();
}

}  // namespace strata::advisor::numerics
