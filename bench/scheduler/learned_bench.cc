// What learning from calls costs, and how good its quantiles and predictions are: 1,000,000 calls
// with log-normal latencies whose median drifts by 10 % to and fro. Prints one line a figure.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <random>
#include <vector>

#include "scheduler/learning/learned.h"

namespace strata::bench {
namespace {

constexpr int kCalls = 1'000'000;

void Run(double sigma) {
  std::mt19937 random{1};
  std::normal_distribution<double> normal(0, sigma);
  std::vector<double> latencies;
  for (int i = 0; i < kCalls; ++i) {
    latencies.push_back(10 * (1 + 0.1 * std::sin(i / 10'000.0)) * std::exp(normal(random)));
  }
  scheduler::Learned learned;
  const auto start = std::chrono::steady_clock::now();
  for (const double ms : latencies) learned.Learn({.service_ms = ms});
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  std::ranges::sort(latencies);
  double worst = 0;
  for (const double share : {0.5, 0.9, 0.99, 0.999}) {
    const double exact = latencies[static_cast<std::size_t>(share * (kCalls - 1))];
    worst = std::max(worst, std::abs(learned.service().Quantile(share) / exact - 1));
  }
  std::printf(
      "sigma %.2f: %.0f ns a call, quantiles off by %.2f %% at most, "
      "explained %.1f %%, error %.1f %%\n",
      sigma, took.count() / kCalls, 100 * worst, 100 * learned.score().explained().value_or(0),
      100 * learned.score().error().value_or(0));
}

}  // namespace
}  // namespace strata::bench

int main() {
  for (const double sigma : {0.02, 0.1, 0.5, 1.5}) strata::bench::Run(sigma);
}
