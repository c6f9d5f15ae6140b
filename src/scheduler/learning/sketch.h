// scheduler/learning/sketch.h - quantiles of a stream of durations in bounded memory.
//
// DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
// relative-error guarantees", VLDB 2019): counts in bins whose borders grow by a constant factor,
// so every quantile is within kError of a value that was seen, whatever the distribution; t-digest
// and P2 bound no error for heavy tails. Within its bin a quantile is placed by its rank, as if the
// bin's values lay evenly there: where there are many, it is far closer than kError. What is kept
// in C++ (Apache DataSketches) is in no package of our platform, and is larger than the bins that
// we need.
//
// Bins are there only between the smallest and the largest value seen: 4 bytes each, 233 for two
// decades of latencies, kBins (5.5 KiB) at most. Counts are weights, so what is old can fade;
// a bin counts to 2^24, so it must before that.
//
// Pure values. Tested by sketch_test.cc.
#pragma once

#include <cstddef>
#include <vector>

#include "scheduler/learning/state_codec.h"

namespace strata::scheduler {

class Sketch {
 public:
  static constexpr double kError = 0.02;      // relative, of a quantile
  static constexpr double kLeast = 1e-3;      // values below count as this: a microsecond, in ms
  static constexpr std::size_t kBins = 1396;  // up to 1e9, where the rest goes, too

  // Anything that is no number, or is negative, counts as the least.
  void Add(double value);
  // As if the other's values had been added here, with their weights.
  void Merge(const Sketch& other);
  // Without what was added to `part`, which is of values that were added here, too. Where less of
  // them is left here than there, as they may have faded apart, nothing of them is left.
  [[nodiscard]] Sketch Without(const Sketch& part) const;
  // Multiplies the weight of everything so far; from 0 to 1.
  void Fade(double factor);

  [[nodiscard]] double weight() const noexcept { return weight_; }
  // `share` from 0 to 1: 0.99 for the p99. 0 while there is nothing.
  [[nodiscard]] double Quantile(double share) const;
  // Within kError of that of the values. 0 while there is nothing.
  [[nodiscard]] double Mean() const;
  // The weight of what is larger; of values within kError of it none or all counts.
  [[nodiscard]] double Above(double value) const;

  void Save(StateWriter& to) const;
  void Load(StateReader& from);

 private:
  // The bin with this number, made if need be.
  float& Bin(std::size_t number);

  std::vector<float> bins_;
  std::size_t first_ = 0;  // number of bins_[0]
  double weight_ = 0;
};

}  // namespace strata::scheduler
