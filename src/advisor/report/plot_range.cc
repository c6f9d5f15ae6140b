#include "advisor/report/plot_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace strata::advisor {
namespace {

// 1, 2 or 5 times a power of ten: the one of which about `wanted` fit.
double StepOf(const PlotRange& range, int wanted) {
  // Each by itself, as a difference may overflow.
  const double rough = range.most / std::max(1, wanted) - range.least / std::max(1, wanted);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

}  // namespace

PlotRange::PlotRange() noexcept
    : least(std::numeric_limits<double>::infinity()),
      most(-std::numeric_limits<double>::infinity()) {}

void PlotRange::Add(double value) noexcept {
  if (!std::isfinite(value)) return;
  least = std::min(least, value);
  most = std::max(most, value);
}

double PlotRange::Share(double value) const noexcept {
  return most > least ? (value / 2 - least / 2) / (most / 2 - least / 2) : 0.5;
}

std::vector<double> PlotRange::Ticks(int wanted) const {
  if (empty()) return {};
  if (most == least) return {least};
  const double step = StepOf(*this, wanted);
  // What is too little to be divided, or too much beside what it differs by.
  if (!std::isfinite(least / step) || !std::isfinite(most / step)) return {least, most};
  // A little out, so that rounding loses no end.
  const double first = std::ceil(least / step - 1e-9);
  const double last = std::floor(most / step + 1e-9);
  std::vector<double> ticks;
  // Counted, as numbers may be too large for the next to be another one, or the step too small.
  for (int i = 0; i <= 2 * wanted + 1 && first + i <= last; ++i)
    ticks.push_back((first + i) * step);
  return ticks;
}

void PlotRange::Round(int wanted) {
  if (!(most > least)) return;
  const double step = StepOf(*this, wanted);
  const double low = std::floor(least / step + 1e-9) * step;
  const double high = std::ceil(most / step - 1e-9) * step;
  if (!std::isfinite(low) || !std::isfinite(high)) return;
  least = low;
  most = high;
}

bool IsDrawn(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

PlotRanges RangesOf(const LinePlot& plot) {
  PlotRanges ranges;
  for (const Line& line : plot.lines) {
    for (const Point& point : line.points) {
      if (!IsDrawn(point)) continue;
      ranges.x.Add(point.x);
      ranges.y.Add(point.y);
    }
  }
  return ranges;
}

DecadeRange::DecadeRange(const IntervalPlot& plot) {
  const auto add = [this](double value) {
    if (value > 0) exponents_.Add(std::log10(value));
  };
  for (const Beside& each : plot.rows) {
    if (!(each.value > 0)) continue;
    for (const double value :
         {each.claimed.from, each.claimed.to, each.value, each.interval.from, each.interval.to}) {
      add(value);
    }
  }
  if (exponents_.empty()) return;
  exponents_.least = std::floor(exponents_.least + 1e-9);
  exponents_.most = std::max(exponents_.least + 1, std::ceil(exponents_.most - 1e-9));
}

double DecadeRange::Share(double value) const noexcept {
  if (!(value > 0)) return 0;
  return std::clamp(exponents_.Share(std::log10(value)), 0.0, 1.0);
}

std::vector<double> DecadeRange::Ticks() const {
  std::vector<double> ticks;
  for (double at = exponents_.least; at <= exponents_.most; ++at) ticks.push_back(std::pow(10, at));
  return ticks;
}

PlotRange RangeOf(const BarPlot& plot) {
  PlotRange range;
  for (const Bar& bar : plot.bars) {
    range.Add(bar.from);
    range.Add(bar.to);
  }
  if (plot.base && !range.empty()) range.Add(*plot.base);
  return range;
}

}  // namespace strata::advisor
