#include "advisor/numerics/ranks.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include <boost/math/distributions/normal.hpp>

namespace strata::advisor::numerics {
namespace {

constexpr std::size_t kMostExact = 20;  // of each side

struct Ranked {
  double left_sum = 0;  // of the left side's ranks, ties sharing the mean of theirs
  double ties = 0;      // sum over groups of t^3 - t
};

Ranked Rank(std::span<const double> left, std::span<const double> right) {
  std::vector<std::pair<double, bool>> all;  // value, whether it is of the left
  for (const double each : left) all.emplace_back(each, true);
  for (const double each : right) all.emplace_back(each, false);
  std::ranges::sort(all);
  Ranked ranked;
  for (std::size_t from = 0; from < all.size();) {
    std::size_t to = from;
    double of_left = 0;
    for (; to < all.size() && all[to].first == all[from].first; ++to) {
      if (all[to].second) ++of_left;
    }
    const auto count = static_cast<double>(to - from);
    ranked.left_sum += of_left * (static_cast<double>(from + to + 1) / 2);
    ranked.ties += count * count * count - count;
    from = to;
  }
  return ranked;
}

// How many of the orders of `m` and `n` values have each value of U; by the recursion of Mann and
// Whitney: the largest value is either of the one side, and adds all of the other, or is not.
std::vector<double> CountsOfU(std::size_t m, std::size_t n) {
  // counts[j][u] for the current number of left values and j right ones.
  std::vector<std::vector<double>> counts(n + 1, std::vector<double>{1});
  for (std::size_t i = 1; i <= m; ++i) {
    std::vector<std::vector<double>> next(n + 1);
    next[0] = {1};
    for (std::size_t j = 1; j <= n; ++j) {
      next[j].assign(i * j + 1, 0);
      for (std::size_t u = 0; u < counts[j].size(); ++u) next[j][u + j] += counts[j][u];
      for (std::size_t u = 0; u < next[j - 1].size(); ++u) next[j][u] += next[j - 1][u];
    }
    counts = std::move(next);
  }
  return counts[n];
}

double Exact(std::size_t m, std::size_t n, double u) {
  const std::vector<double> counts = CountsOfU(m, n);
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  const auto far = static_cast<std::size_t>(std::lround(u));
  const double tail =
      std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(far), counts.end(), 0.0);
  return std::min(1.0, 2 * tail / all);
}

}  // namespace

double RankTest(std::span<const double> left, std::span<const double> right) {
  if (left.empty() || right.empty()) return 1;
  const auto m = static_cast<double>(left.size());
  const auto n = static_cast<double>(right.size());
  const Ranked ranked = Rank(left, right);
  const double of_left = ranked.left_sum - m * (m + 1) / 2;
  const double u = std::max(of_left, m * n - of_left);  // the farther of both sides
  if (ranked.ties == 0 && left.size() <= kMostExact && right.size() <= kMostExact) {
    return Exact(left.size(), right.size(), u);
  }
  const double all = m + n;
  const double variance = m * n / 12 * (all + 1 - ranked.ties / (all * (all - 1)));
  if (variance <= 0) return 1;  // all are the same
  const double z = (u - m * n / 2 - 0.5) / std::sqrt(variance);
  const boost::math::normal_distribution<> normal;
  return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(normal, z)));
}

double LeastChance(std::size_t left, std::size_t right) {
  std::vector<double> apart(left + right);
  std::iota(apart.begin(), apart.end(), 0);
  const std::span<const double> all(apart);
  return RankTest(all.first(left), all.subspan(left));
}

std::vector<bool> Able(std::span<const double> least, double level) {
  std::vector<bool> able(least.size());
  for (std::size_t count = 1; count <= least.size(); ++count) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < least.size(); ++i) {
      able[i] = least[i] * static_cast<double>(count) <= level;
      if (able[i]) ++found;
    }
    if (found <= count) break;
  }
  return able;
}

std::vector<double> HolmAdjusted(std::span<const double> chances) {
  std::vector<std::size_t> order(chances.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return chances[i]; });
  std::vector<double> adjusted(chances.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double times = static_cast<double>(order.size() - i) * chances[order[i]];
    least = std::min(1.0, std::max(least, times));
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace strata::advisor::numerics
