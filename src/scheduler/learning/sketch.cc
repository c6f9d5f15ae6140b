#include "scheduler/learning/sketch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace strata::scheduler {
namespace {

constexpr double kGrowth = 1 + Sketch::kError;

std::size_t NumberOf(double value) {
  if (!(value > Sketch::kLeast)) return 0;
  const double number = std::ceil(std::log(value / Sketch::kLeast) / std::log(kGrowth));
  return static_cast<std::size_t>(std::min(number, static_cast<double>(Sketch::kBins - 1)));
}

// `part` of the way, 0 to 1, from the bin's lower border to its upper one.
double ValueAt(std::size_t number, double part) {
  return Sketch::kLeast * std::pow(kGrowth, static_cast<double>(number) - 1 + part);
}

}  // namespace

float& Sketch::Bin(std::size_t number) {
  if (bins_.empty()) first_ = number;
  if (number < first_) {
    bins_.insert(bins_.begin(), first_ - number, 0);
    first_ = number;
  }
  if (number - first_ >= bins_.size()) bins_.resize(number - first_ + 1);
  return bins_[number - first_];
}

void Sketch::Add(double value) {
  ++Bin(NumberOf(value));
  ++weight_;
}

void Sketch::Merge(const Sketch& other) {
  for (std::size_t i = 0; i < other.bins_.size(); ++i) Bin(other.first_ + i) += other.bins_[i];
  weight_ += other.weight_;
}

Sketch Sketch::Without(const Sketch& part) const {
  Sketch rest;
  rest.first_ = first_;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    const std::size_t number = first_ + i;
    const bool in_part = number >= part.first_ && number - part.first_ < part.bins_.size();
    const float taken = in_part ? part.bins_[number - part.first_] : 0;
    rest.bins_.push_back(std::max(bins_[i] - taken, 0.0F));
    rest.weight_ += rest.bins_.back();
  }
  return rest;
}

void Sketch::Fade(double factor) {
  for (float& bin : bins_) bin *= static_cast<float>(factor);
  weight_ *= factor;
}

double Sketch::Quantile(double share) const {
  if (weight_ <= 0) return 0;
  double below = share * weight_;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (below <= bins_[i] && bins_[i] > 0) return ValueAt(first_ + i, below / bins_[i]);
    below -= bins_[i];
  }
  return ValueAt(first_ + bins_.size() - 1, 1);
}

double Sketch::Mean() const {
  if (weight_ <= 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) sum += bins_[i] * ValueAt(first_ + i, 0.5);
  return sum / weight_;
}

double Sketch::Above(double value) const {
  double above = 0;
  const std::size_t number = NumberOf(value);
  for (std::size_t i = 0; i < bins_.size(); ++i) above += first_ + i > number ? bins_[i] : 0;
  return above;
}

void Sketch::Save(StateWriter& to) const {
  to.Count(first_);
  to.Count(bins_.size());
  for (const float bin : bins_) to.Small(bin);
}

void Sketch::Load(StateReader& from) {
  constexpr float kMostWeight = 1e15F;
  *this = {};
  first_ = from.Count(kBins - 1);
  const std::uint64_t bins = from.Count(kBins - first_);
  for (std::uint64_t i = 0; i < bins; ++i) {
    bins_.push_back(from.Small(kMostWeight));
    weight_ += bins_.back();
  }
}

}  // namespace strata::scheduler
