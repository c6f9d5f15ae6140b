#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "advisor/report/plot.h"
#include "advisor/report/plot_range.h"
#include "advisor/report/report.h"
#include "advisor/report/svg.h"
#include "advisor/report/text.h"
#include "base/table.h"

namespace strata::advisor {
namespace {

using Anchor = SvgPage::Anchor;

constexpr double kPlotWidth = 560;  // in pixels, without labels
constexpr double kPlotHeight = 240;
constexpr double kBarHeight = 12;
constexpr double kGap = 6;  // between an axis and its labels
constexpr int kTicksAcross = 6;
constexpr int kTicksUp = 5;
constexpr SvgPage::TextStyle kSmall{.ink = SvgPage::kQuiet, .size = 11};

SvgPage::TextStyle Small(Anchor anchor) {
  SvgPage::TextStyle style = kSmall;
  style.anchor = anchor;
  return style;
}

double WidthOf(const std::string& text) {
  return static_cast<double>(DisplayWidth(text)) * SvgPage::kColumn;
}

// Where values are on the paper.
struct Frame {
  double left;
  double top;
  double height;
  PlotRange x;
  PlotRange y;

  [[nodiscard]] double X(double value) const { return left + x.Share(value) * kPlotWidth; }
  [[nodiscard]] double Y(double value) const { return top + (1 - y.Share(value)) * height; }
  [[nodiscard]] double right() const { return left + kPlotWidth; }
  [[nodiscard]] double bottom() const { return top + height; }
};

// Upright lines with their numbers below, and what they are numbers of.
void DrawAcross(const Frame& frame, const std::string& label, SvgPage& page) {
  for (const double tick : frame.x.Ticks(kTicksAcross)) {
    const double x = frame.X(tick);
    page.Rule(x, frame.top, x, frame.bottom(), SvgPage::kGrid);
    page.Text(x, frame.bottom() + 15, Figure(tick), Small(Anchor::kMiddle));
  }
  page.Text(frame.left + kPlotWidth / 2, frame.bottom() + 33, label, Small(Anchor::kMiddle));
}

// The names of the series in a row, in as many rows as it takes; returns their height.
double DrawLegend(const std::vector<std::string>& names, double left, double y, SvgPage& page) {
  double x = left;
  double below = y;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double width = 34 + WidthOf(names[i]);
    if (x > left && x + width > left + kPlotWidth) {
      x = left;
      below += SvgPage::kLine;
    }
    page.Rectangle(x, below - 9, 12, 10, SvgPage::Series(i));
    page.Text(x + 18, below, names[i]);
    x += width;
  }
  return below - y + SvgPage::kLine;
}

void DrawLine(const Line& line, const Frame& frame, SvgPage::Ink ink, SvgPage& page) {
  std::vector<Point> points;
  for (const Point& point : line.points) {
    if (IsDrawn(point)) points.push_back({frame.X(point.x), frame.Y(point.y)});
  }
  if (points.size() == 1) return page.Dot(points.front(), ink);
  page.Path(points, ink);
}

void DrawLines(const LinePlot& plot, Language language, SvgPage& page) {
  PlotRanges ranges = RangesOf(plot);
  if (ranges.x.empty()) return;
  ranges.y.Round(kTicksUp);
  const std::vector<double> ticks = ranges.y.Ticks(kTicksUp);
  double labels = 0;
  for (const double tick : ticks) labels = std::max(labels, WidthOf(Figure(tick)));
  const Frame frame{.left = SvgPage::kMargin + labels + kGap,
                    .top = page.y() + 2 * SvgPage::kLine,
                    .height = kPlotHeight,
                    .x = ranges.x,
                    .y = ranges.y};
  page.Text(SvgPage::kMargin, page.y() + SvgPage::kLine, plot.y.In(language), kSmall);
  DrawAcross(frame, plot.x.In(language), page);
  for (const double tick : ticks) {
    const double y = frame.Y(tick);
    page.Rule(frame.left, y, frame.right(), y, SvgPage::kGrid);
    page.Text(frame.left - kGap, y + 4, Figure(tick), Small(Anchor::kEnd));
  }
  page.Rule(frame.left, frame.top, frame.left, frame.bottom(), SvgPage::kAxis);
  page.Rule(frame.left, frame.bottom(), frame.right(), frame.bottom(), SvgPage::kAxis);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    DrawLine(plot.lines[i], frame, SvgPage::Series(i), page);
    names.push_back(plot.lines[i].label.In(language));
  }
  const double legend = frame.bottom() + 56;
  page.Skip(legend - page.y() + DrawLegend(names, frame.left, legend, page));
}

void DrawBar(const Bar& bar, const Frame& frame, double y, SvgPage& page) {
  if (!std::isfinite(bar.from) || !std::isfinite(bar.to)) return;
  const double left = frame.X(std::min(bar.from, bar.to));
  const double width = frame.X(std::max(bar.from, bar.to)) - left;
  // Nothing is no bar.
  if (width > 0) {
    page.Rectangle(left, y, std::max(1.0, width), kBarHeight, SvgPage::Series(0));
  }
}

std::string Ends(const Bar& bar) {
  return bar.from == 0 ? Figure(bar.to) : Figure(bar.from) + " .. " + Figure(bar.to);
}

void DrawBars(const BarPlot& plot, Language language, SvgPage& page) {
  const PlotRange range = RangeOf(plot);
  if (range.empty()) return;
  double labels = 0;
  for (const Bar& bar : plot.bars) labels = std::max(labels, WidthOf(bar.label.In(language)));
  const Frame frame{.left = SvgPage::kMargin + labels + kGap,
                    .top = page.y() + SvgPage::kLine,
                    .height = static_cast<double>(plot.bars.size()) * SvgPage::kLine,
                    .x = range,
                    .y = {}};
  DrawAcross(frame, plot.x.In(language), page);
  double y = frame.top;
  for (const Bar& bar : plot.bars) {
    page.Text(frame.left - kGap, y + 13, bar.label.In(language), {.anchor = Anchor::kEnd});
    DrawBar(bar, frame, y + (SvgPage::kLine - kBarHeight) / 2, page);
    page.Text(frame.right() + 2 * kGap, y + 13, Ends(bar), kSmall);
    y += SvgPage::kLine;
  }
  const double axis = range.least > 0 ? range.least : std::min(0.0, range.most);
  page.Rule(frame.X(axis), frame.top, frame.X(axis), frame.bottom(), SvgPage::kAxis);
  page.Skip(frame.bottom() + 42 - page.y());
}

}  // namespace

void DrawPlot(const Plot& plot, Language language, SvgPage& page) {
  if (const auto* lines = std::get_if<LinePlot>(&plot)) return DrawLines(*lines, language, page);
  DrawBars(std::get<BarPlot>(plot), language, page);
}

}  // namespace strata::advisor
