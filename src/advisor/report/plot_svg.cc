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

// Where values are on the paper.
struct Frame {
  double left;
  double top;
  double width;
  double height;
  PlotRange x;
  PlotRange y;

  [[nodiscard]] double X(double value) const { return left + x.Share(value) * width; }
  [[nodiscard]] double Y(double value) const { return top + (1 - y.Share(value)) * height; }
  [[nodiscard]] double right() const { return left + width; }
  [[nodiscard]] double bottom() const { return top + height; }
};

// Upright lines with their numbers below, and what they are numbers of.
void DrawAcross(const Frame& frame, const Text& label, SvgPage& page) {
  std::vector<SvgPage::Stroke> strokes;
  for (const double tick : frame.x.Ticks(kTicksAcross)) {
    const double x = frame.X(tick);
    strokes.push_back({x, frame.top, x, frame.bottom()});
    page.Text(x, frame.bottom() + 15, Figure(tick), Small(Anchor::kMiddle));
  }
  page.Rules(strokes, SvgPage::kGrid);
  page.Text(frame.left + frame.width / 2, frame.bottom() + 33, label, Small(Anchor::kMiddle));
}

// Level lines with their numbers before them.
void DrawUp(const Frame& frame, const std::vector<double>& ticks, SvgPage& page) {
  std::vector<SvgPage::Stroke> strokes;
  for (const double tick : ticks) {
    const double y = frame.Y(tick);
    strokes.push_back({frame.left, y, frame.right(), y});
    page.Text(frame.left - kGap, y + 4, Figure(tick), Small(Anchor::kEnd));
  }
  page.Rules(strokes, SvgPage::kGrid);
}

double WidestOf(const std::vector<double>& ticks, const SvgPage& page) {
  double widest = 0;
  for (const double tick : ticks) widest = std::max(widest, page.WidthOf({Figure(tick), ""}));
  return widest;
}

// A line through the plot at `base`, with its value above; on paper next to it at either end.
void DrawBase(double base, const Frame& frame, SvgPage& page) {
  if (!std::isfinite(base)) return;
  constexpr double kNear = 0.2;  // an end, as a share of the width
  const double share = frame.x.Share(base);
  const Anchor anchor = share < kNear       ? Anchor::kStart
                        : share > 1 - kNear ? Anchor::kEnd
                                            : Anchor::kMiddle;
  const double x = frame.X(base);
  page.Rules({{x, frame.top - 3, x, frame.bottom()}}, SvgPage::kMark);
  page.Text(x, frame.top - 6, Join(kBase, " ", {Figure(base), ""}),
            {.ink = SvgPage::kMark, .anchor = anchor, .size = 11});
}

// The names of the series in a row, in as many rows as it takes; returns their height.
double DrawLegend(const std::vector<Line>& lines, double left, double y, SvgPage& page) {
  double x = left;
  double below = y;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double width = 34 + page.WidthOf(lines[i].label);
    if (x > left && x + width > left + kPlotWidth) {
      x = left;
      below += SvgPage::kLine;
    }
    page.Rectangle(x, below - 9, 12, 10, SvgPage::Series(i));
    page.Text(x + 18, below, lines[i].label, {});
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

void Draw(const LinePlot& plot, SvgPage& page) {
  PlotRanges ranges = RangesOf(plot);
  if (ranges.x.empty()) return;
  ranges.y.Round(kTicksUp);
  const std::vector<double> ticks = ranges.y.Ticks(kTicksUp);
  const Frame frame{.left = SvgPage::kMargin + WidestOf(ticks, page) + kGap,
                    .top = page.y() + 2 * SvgPage::kLine,
                    .width = kPlotWidth,
                    .height = kPlotHeight,
                    .x = ranges.x,
                    .y = ranges.y};
  page.Text(SvgPage::kMargin, page.y() + SvgPage::kLine, plot.y, kSmall);
  DrawAcross(frame, plot.x, page);
  DrawUp(frame, ticks, page);
  page.Rules({{frame.left, frame.top, frame.left, frame.bottom()},
              {frame.left, frame.bottom(), frame.right(), frame.bottom()}},
             SvgPage::kAxis);
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    DrawLine(plot.lines[i], frame, SvgPage::Series(i), page);
  }
  const double legend = frame.bottom() + 56;
  page.Skip(legend - page.y() + DrawLegend(plot.lines, frame.left, legend, page));
}

std::string Ends(const Bar& bar) {
  return bar.from == 0 ? Figure(bar.to) : Figure(bar.from) + " .. " + Figure(bar.to);
}

void Draw(const BarPlot& plot, SvgPage& page) {
  const PlotRange range = RangeOf(plot);
  if (range.empty()) return;
  double labels = 0;
  for (const Bar& bar : plot.bars) labels = std::max(labels, page.WidthOf(bar.label));
  const Frame frame{.left = SvgPage::kMargin + labels + kGap,
                    .top = page.y() + SvgPage::kLine,
                    .width = kPlotWidth,
                    .height = static_cast<double>(plot.bars.size()) * SvgPage::kLine,
                    .x = range,
                    .y = {}};
  DrawAcross(frame, plot.x, page);
  double y = frame.top;
  std::vector<SvgPage::Box> boxes;
  for (const Bar& bar : plot.bars) {
    page.Text(frame.left - kGap, y + 13, bar.label, {.anchor = Anchor::kEnd});
    const double left = frame.X(std::min(bar.from, bar.to));
    const double width = frame.X(std::max(bar.from, bar.to)) - left;
    // Nothing is no bar.
    if (width > 0 && std::isfinite(width)) {
      boxes.push_back(
          {left, y + (SvgPage::kLine - kBarHeight) / 2, std::max(1.0, width), kBarHeight});
    }
    page.Text(frame.right() + 2 * kGap, y + 13, Ends(bar), kSmall);
    y += SvgPage::kLine;
  }
  page.Boxes(boxes, SvgPage::Series(0));
  const double axis = range.least > 0 ? range.least : std::min(0.0, range.most);
  page.Rule(frame.X(axis), frame.top, frame.X(axis), frame.bottom(), SvgPage::kAxis);
  if (plot.base) DrawBase(*plot.base, frame, page);
  page.Skip(frame.bottom() + 42 - page.y());
}

// Bars that stand on what was drawn; one that is all of it stands alone in the middle.
void Draw(const HistogramPlot& plot, SvgPage& page) {
  PlotRange across;
  across.Add(plot.from);
  across.Add(plot.to);
  PlotRange up;
  up.Add(0);
  up.Add(*std::ranges::max_element(plot.counts));
  const std::vector<double> ticks = up.Ticks(kTicksUp / 2);
  const Frame frame{.left = SvgPage::kMargin + WidestOf(ticks, page) + kGap,
                    .top = page.y() + 2.5 * SvgPage::kLine,
                    .width = kPlotWidth,
                    .height = kPlotHeight / 2,
                    .x = across,
                    .y = up};
  page.Text(SvgPage::kMargin, page.y() + SvgPage::kLine, kDraws, kSmall);
  DrawAcross(frame, plot.x, page);
  DrawUp(frame, ticks, page);
  const bool apart = plot.to > plot.from;
  const double width = apart ? frame.width / static_cast<double>(plot.counts.size()) : kBarHeight;
  double left = apart ? frame.left : frame.X(plot.from) - width / 2;
  std::vector<SvgPage::Box> boxes;
  for (const double count : plot.counts) {
    if (count > 0)
      boxes.push_back({left, frame.Y(count), width - 1, frame.bottom() - frame.Y(count)});
    left += width;
  }
  page.Boxes(boxes, SvgPage::Series(0));
  page.Rule(frame.left, frame.bottom(), frame.right(), frame.bottom(), SvgPage::kAxis);
  if (plot.base && *plot.base >= plot.from && *plot.base <= plot.to) {
    DrawBase(*plot.base, frame, page);
  }
  page.Skip(frame.bottom() + 42 - page.y());
}

// What is claimed as a broad box, what was measured as a thin one with its value marked.
void Draw(const IntervalPlot& plot, SvgPage& page) {
  const DecadeRange range(plot);
  if (range.empty()) return;
  double labels = 0;
  for (const Beside& each : plot.rows) labels = std::max(labels, page.WidthOf(each.label));
  const double left = SvgPage::kMargin + labels + kGap;
  const double top = page.y() + SvgPage::kLine;
  const auto x = [&](double value) { return left + range.Share(value) * kPlotWidth; };
  std::vector<SvgPage::Box> claimed;
  std::vector<SvgPage::Box> measured;
  std::vector<Point> values;
  double y = top;
  for (const Beside& each : plot.rows) {
    if (!(each.value > 0)) continue;
    const auto box = [&](double from, double to, double height) {
      return SvgPage::Box{x(from), y + (SvgPage::kLine - height) / 2,
                          std::max(1.0, x(to) - x(from)), height};
    };
    claimed.push_back(box(each.claimed.from, each.claimed.to, kBarHeight));
    const Extent& of = each.interval;
    measured.push_back(box(std::isfinite(of.from) ? of.from : each.value,
                           std::isfinite(of.to) ? of.to : each.value, kBarHeight / 4));
    values.push_back({x(each.value), y + SvgPage::kLine / 2});
    page.Text(left - kGap, y + 13, each.label, {.anchor = Anchor::kEnd});
    page.Text(left + kPlotWidth + 2 * kGap, y + 13, Figure(each.value), kSmall);
    y += SvgPage::kLine;
  }
  std::vector<SvgPage::Stroke> strokes;
  for (const double tick : range.Ticks()) {
    strokes.push_back({x(tick), top, x(tick), y});
    page.Text(x(tick), y + 15, Figure(tick), Small(Anchor::kMiddle));
  }
  page.Rules(strokes, SvgPage::kGrid);
  page.Boxes(claimed, SvgPage::Series(0));
  page.Boxes(measured, SvgPage::kText);
  for (const Point& value : values) page.Dot(value, SvgPage::kMark);
  page.Text(left + kPlotWidth / 2, y + 33, plot.x, Small(Anchor::kMiddle));
  const double legend = y + 56;
  page.Rectangle(left, legend - 9, 12, 10, SvgPage::Series(0));
  page.Text(left + 18, legend, kClaimed, {});
  const double second = left + 52 + page.WidthOf(kClaimed);
  page.Dot({second + 6, legend - 4}, SvgPage::kMark);
  page.Text(second + 18, legend, kMeasured, {});
  page.Skip(legend + SvgPage::kLine - page.y());
}

}  // namespace

void DrawPlot(const Plot& plot, SvgPage& page) {
  std::visit([&page](const auto& each) { Draw(each, page); }, plot);
}

}  // namespace strata::advisor
