#include "advisor/page/heat.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "advisor/compare/values.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

// What a cell amounts to, by its lower and by its upper bound.
struct Amount {
  double least;
  double most;
  bool is_range;
};

std::optional<Amount> AmountOf(const Json& cell) {
  if (const auto range = RangeOf(cell)) {
    return Amount{range->least.value_or(*range->most), range->most.value_or(*range->least), true};
  }
  const auto step = StepOf(cell);
  if (!step) return std::nullopt;
  return Amount{static_cast<double>(*step), static_cast<double>(*step), false};
}

// Where it lies on the scale of its column.
double Position(const Amount& amount) {
  if (!amount.is_range) return amount.least;
  constexpr double kAlmostNothing = 1e-6;  // has a logarithm
  return (std::log(std::max(amount.least, kAlmostNothing)) +
          std::log(std::max(amount.most, kAlmostNothing))) /
         2;
}

// How many of them are less than `value`, and one.
std::size_t PlaceOf(double value, const std::vector<double>& all) {
  return 1 + static_cast<std::size_t>(
                 std::ranges::count_if(all, [value](double each) { return each < value; }));
}

std::vector<double> BoundsOf(const std::vector<std::optional<Amount>>& amounts,
                             double Amount::* bound) {
  std::vector<double> bounds;
  for (const auto& amount : amounts) {
    if (amount) bounds.push_back((*amount).*bound);
  }
  return bounds;
}

Text PlaceText(const Amount& amount, const std::vector<double>& least,
               const std::vector<double>& most) {
  const auto [first, last] =
      std::minmax({PlaceOf(amount.least, least), PlaceOf(amount.most, most)});
  std::string place = std::to_string(first);
  if (last != first) place += "-" + std::to_string(last);
  const std::string all = std::to_string(least.size());
  return {place + " of " + all, place + "/" + all};
}

// From the least to the most of a column.
struct Scale {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  [[nodiscard]] int StepOf(double position) const {
    const double share = high > low ? (position - low) / (high - low) : 0.5;
    return static_cast<int>(std::lround(1 + std::clamp(share, 0.0, 1.0) * (kHeatSteps - 1)));
  }
};

std::vector<std::optional<Amount>> AmountsOf(const std::vector<Json>& column) {
  std::vector<std::optional<Amount>> amounts;
  for (const Json& cell : column) amounts.push_back(AmountOf(cell));
  return amounts;
}

Scale ScaleOf(const std::vector<std::optional<Amount>>& amounts) {
  Scale scale;
  for (const auto& amount : amounts) {
    if (!amount) continue;
    scale.low = std::min(scale.low, Position(*amount));
    scale.high = std::max(scale.high, Position(*amount));
  }
  return scale;
}

}  // namespace

std::vector<Heat> HeatOf(const std::vector<Json>& column) {
  const std::vector<std::optional<Amount>> amounts = AmountsOf(column);
  const std::vector<double> least = BoundsOf(amounts, &Amount::least);
  const std::vector<double> most = BoundsOf(amounts, &Amount::most);
  std::vector<Heat> heat(column.size());
  if (least.size() < 2) return heat;
  const Scale scale = ScaleOf(amounts);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto& amount = amounts[i];
    if (!amount) continue;
    const int step = amount->is_range ? scale.StepOf(Position(*amount))
                                      : static_cast<int>(std::lround(amount->least));
    heat[i] = {step, PlaceText(*amount, least, most)};
  }
  return heat;
}

int StepOn(const std::vector<Json>& column, double value) {
  std::vector<std::optional<Amount>> amounts = AmountsOf(column);
  std::erase_if(amounts, [](const auto& amount) { return !amount || !amount->is_range; });
  if (amounts.size() < 2) return 0;
  return ScaleOf(amounts).StepOf(Position({value, value, true}));
}

}  // namespace strata::advisor
