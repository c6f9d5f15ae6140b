// advisor/report/plot_range.h - what both forms of a plot share: what it reaches from and to, round
// numbers within, words. Only plot.cc, plot_svg.cc and their test include it.
//
//   a plot's points --RangesOf--> [ PlotRange ] --Ticks, Share--> axes and places, in both forms
//
// Threads:  values. Errors: none; infinities and NaN are no points. Tested by render_test.cc.
#pragma once

#include <vector>

#include "advisor/report/report.h"
#include "advisor/report/text.h"

namespace strata::advisor {

inline const Text kBase{"base", "基准"};
inline const Text kDraws{"draws", "抽样数"};

struct PlotRange {
  double least;  // above `most`: there is nothing
  double most;

  PlotRange() noexcept;
  void Add(double value) noexcept;  // no number: nothing
  [[nodiscard]] bool empty() const noexcept { return least > most; }
  // 0 to 1; the middle when there is one value only. By halves, as a difference may overflow.
  [[nodiscard]] double Share(double value) const noexcept;

  // Round numbers from `least` to `most`, about `wanted` of them.
  [[nodiscard]] std::vector<double> Ticks(int wanted) const;
  // Out to the round numbers around it.
  void Round(int wanted);
};

struct PlotRanges {
  PlotRange x;
  PlotRange y;
};

[[nodiscard]] bool IsDrawn(const Point& point);
[[nodiscard]] PlotRanges RangesOf(const LinePlot& plot);
[[nodiscard]] PlotRange RangeOf(const BarPlot& plot);

// A scale of powers of ten, from a whole one to a whole one.
class DecadeRange {
 public:
  // Of all that is drawn; empty: nothing is.
  explicit DecadeRange(const IntervalPlot& plot);
  [[nodiscard]] bool empty() const noexcept { return exponents_.empty(); }
  // 0 to 1; what is beyond an end, as an open one, is at it.
  [[nodiscard]] double Share(double value) const noexcept;
  [[nodiscard]] std::vector<double> Ticks() const;  // the powers themselves

 private:
  PlotRange exponents_;
};

inline const Text kClaimed{"claimed", "所称"};
inline const Text kMeasured{"measured, 95 % interval", "实测，95% 区间"};

}  // namespace strata::advisor
