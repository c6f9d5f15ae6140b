// advisor/models/plots.h - the lines that models draw.
//
//   the models' files --> [ Curve, PlotStates ] --> LinePlot (report/report.h) --> text or SVG
//
// All curves have kCurvePoints points, so pictures of two models can be laid over each other.
//
// Threads:  pure. Errors: none; a value that is no number is left out where the plot is drawn.
// Tested by models_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "advisor/report/report.h"

namespace strata::advisor::models {

inline constexpr int kCurvePoints = 61;

// `value` at points evenly apart, both ends included.
template <typename Value>
Line Curve(std::string label, double from, double to, const Value& value) {
  Line line{{std::move(label), ""}, {}};
  for (int i = 0; i < kCurvePoints; ++i) {
    const double x = from + (to - from) * i / (kCurvePoints - 1);
    line.points.push_back({x, value(x)});
  }
  return line;
}

// As many points evenly apart.
inline std::vector<double> EvenlyFrom(double from, double to) {
  std::vector<double> points;
  for (int i = 0; i < kCurvePoints; ++i) {
    points.push_back(from + (to - from) * i / (kCurvePoints - 1));
  }
  return points;
}

inline const Text kYearAxis{"year", "年份"};
inline const Text kShareAxis{"share", "份额"};

// One line for each of `names`: the shares that `states` have at `times`. Of no states, no points.
inline LinePlot PlotStates(const std::vector<std::string>& names, const std::vector<double>& times,
                           const std::vector<std::vector<double>>& states) {
  LinePlot plot{kYearAxis, kShareAxis, {}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    Line line{{names[i], ""}, {}};
    for (std::size_t n = 0; n < states.size(); ++n) line.points.push_back({times[n], states[n][i]});
    plot.lines.push_back(std::move(line));
  }
  return plot;
}

// The year from which the documents' forecasts start, and the one that most are for.
inline constexpr double kFirstYear = 2024;
inline constexpr double kForecastYear = 2030;

}  // namespace strata::advisor::models
