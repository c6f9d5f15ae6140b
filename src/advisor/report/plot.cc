#include "advisor/report/plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/table.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kColumns = 64;  // of a plot in characters, without its labels
constexpr std::size_t kLines = 16;
constexpr double kPlotWidth = 560;  // of a plot in a picture, in pixels
constexpr double kPlotHeight = 220;
constexpr std::string_view kMarks = "*o+x#@%&";

struct Range {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();

  void Add(double value) noexcept {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  [[nodiscard]] bool empty() const noexcept { return least > most; }
  // 0 to 1; the middle when there is one value only. By halves, as a difference may overflow.
  [[nodiscard]] double Share(double value) const noexcept {
    return most > least ? (value / 2 - least / 2) / (most / 2 - least / 2) : 0.5;
  }
};

struct Ranges {
  Range x;
  Range y;
};

bool IsDrawn(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

Ranges RangesOf(const LinePlot& plot) {
  Ranges ranges;
  for (const Line& line : plot.lines) {
    for (const Point& point : line.points) {
      if (!IsDrawn(point)) continue;
      ranges.x.Add(point.x);
      ranges.y.Add(point.y);
    }
  }
  return ranges;
}

Range RangeOf(const BarPlot& plot) {
  Range range;
  for (const Bar& bar : plot.bars) {
    range.Add(bar.from);
    range.Add(bar.to);
  }
  return range;
}

std::string Padded(std::string text, std::size_t width) {
  const std::size_t used = DisplayWidth(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string PaddedLeft(const std::string& text, std::size_t width) {
  const std::size_t used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ') + text;
}

// A grid of characters that points are put into.
class Grid {
 public:
  explicit Grid(const Ranges& ranges)
      : ranges_(ranges), lines_(kLines, std::string(kColumns, ' ')) {}

  // The straight line between both, column by column.
  void Join(const Point& a, const Point& b, char mark) {
    const double from = ColumnOf(a.x);
    const double to = ColumnOf(b.x);
    const int steps = std::max(1, static_cast<int>(std::lround(std::fabs(to - from))));
    for (int i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / steps;
      Put(std::lerp(from, to, share), std::lerp(a.y, b.y, share), mark);
    }
  }
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  [[nodiscard]] double ColumnOf(double x) const {
    return ranges_.x.Share(x) * static_cast<double>(kColumns - 1);
  }
  void Put(double column, double y, char mark) {
    const double row = (1 - ranges_.y.Share(y)) * static_cast<double>(kLines - 1);
    lines_[static_cast<std::size_t>(std::lround(row))]
          [static_cast<std::size_t>(std::lround(column))] = mark;
  }

  const Ranges ranges_;
  std::vector<std::string> lines_;
};

std::string LinesAsText(const LinePlot& plot, Language language) {
  const Ranges ranges = RangesOf(plot);
  if (ranges.x.empty()) return "";
  Grid grid(ranges);
  std::string legend;
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    const char mark = kMarks[i % kMarks.size()];
    const Point* last = nullptr;
    for (const Point& point : plot.lines[i].points) {
      if (!IsDrawn(point)) continue;
      grid.Join(last == nullptr ? point : *last, point, mark);
      last = &point;
    }
    legend += (i > 0 ? "   " : "") + std::string(1, mark) + " " + plot.lines[i].label.In(language);
  }
  const std::string top = Figure(ranges.y.most);
  const std::string bottom = Figure(ranges.y.least);
  const std::size_t label = std::max(DisplayWidth(top), DisplayWidth(bottom));
  std::string text = plot.y.In(language) + "\n";
  for (std::size_t i = 0; i < kLines; ++i) {
    const std::string& value = i == 0 ? top : i + 1 == kLines ? bottom : "";
    text += PaddedLeft(value, label) + " |" + grid.lines()[i];
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  const std::string left = Figure(ranges.x.least);
  const std::string right = Figure(ranges.x.most) + " " + plot.x.In(language);
  text += std::string(label + 1, ' ') + "+" + std::string(kColumns, '-') + "\n";
  text += std::string(label + 2, ' ') + left +
          PaddedLeft(right, kColumns - std::min(kColumns, DisplayWidth(left))) + "\n";
  return text + std::string(label + 2, ' ') + legend + "\n";
}

std::size_t WidestLabel(const BarPlot& plot, Language language) {
  std::size_t widest = 0;
  for (const Bar& bar : plot.bars) widest = std::max(widest, DisplayWidth(bar.label.In(language)));
  return widest;
}

std::string Ends(const Bar& bar) {
  return bar.from == 0 ? Figure(bar.to) : Figure(bar.from) + " .. " + Figure(bar.to);
}

std::string BarsAsText(const BarPlot& plot, Language language) {
  const Range range = RangeOf(plot);
  if (range.empty()) return "";
  const std::size_t label = WidestLabel(plot, language);
  std::string text;
  for (const Bar& bar : plot.bars) {
    text += Padded(bar.label.In(language), label) + " |";
    if (std::isfinite(bar.from) && std::isfinite(bar.to)) {
      const auto column = [&range](double value) {
        return static_cast<std::size_t>(
            std::lround(range.Share(value) * static_cast<double>(kColumns - 1)));
      };
      const std::size_t from = column(std::min(bar.from, bar.to));
      const std::size_t to = column(std::max(bar.from, bar.to));
      text.append(from, ' ');
      // Nothing is no bar.
      const std::size_t length = bar.from == bar.to ? 0 : std::max<std::size_t>(1, to - from);
      for (std::size_t i = 0; i < length; ++i) text += "█";
    }
    text += " " + Ends(bar) + "\n";
  }
  return text + std::string(label + 2, ' ') + plot.x.In(language) + "\n";
}

void DrawLines(const LinePlot& plot, Language language, SvgPage& page) {
  const Ranges ranges = RangesOf(plot);
  if (ranges.x.empty()) return;
  const std::string top = Figure(ranges.y.most);
  const std::string bottom = Figure(ranges.y.least);
  const double labels =
      static_cast<double>(std::max(DisplayWidth(top), DisplayWidth(bottom)) + 1) * SvgPage::kColumn;
  const double x = SvgPage::kMargin + labels;
  const double y = page.y() + SvgPage::kLine;
  page.Text(SvgPage::kMargin, page.y() + SvgPage::kLine / 2, plot.y.In(language));
  page.Text(SvgPage::kMargin, y + 12, top);
  page.Text(SvgPage::kMargin, y + kPlotHeight, bottom);
  page.Rule(x, y, x, y + kPlotHeight);
  page.Rule(x, y + kPlotHeight, x + kPlotWidth, y + kPlotHeight);
  double below = y + kPlotHeight + SvgPage::kLine;
  page.Text(x, below, Figure(ranges.x.least));
  const std::string right = Figure(ranges.x.most) + " " + plot.x.In(language);
  page.Text(x + kPlotWidth - static_cast<double>(DisplayWidth(right)) * SvgPage::kColumn, below,
            right);
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    std::vector<Point> points;
    for (const Point& point : plot.lines[i].points) {
      if (!IsDrawn(point)) continue;
      points.push_back({x + ranges.x.Share(point.x) * kPlotWidth,
                        y + (1 - ranges.y.Share(point.y)) * kPlotHeight});
    }
    page.Path(points, SvgPage::Colour(i));
    below += SvgPage::kLine;
    page.Rectangle(x, below - 9, 12, 9, SvgPage::Colour(i));
    page.Text(x + 20, below, plot.lines[i].label.In(language));
  }
  page.Skip(below + SvgPage::kLine - page.y());
}

void DrawBars(const BarPlot& plot, Language language, SvgPage& page) {
  const Range range = RangeOf(plot);
  if (range.empty()) return;
  const double x =
      SvgPage::kMargin + static_cast<double>(WidestLabel(plot, language) + 1) * SvgPage::kColumn;
  double y = page.y() + SvgPage::kLine;
  for (const Bar& bar : plot.bars) {
    page.Text(SvgPage::kMargin, y, bar.label.In(language));
    if (std::isfinite(bar.from) && std::isfinite(bar.to)) {
      const double from = range.Share(std::min(bar.from, bar.to)) * kPlotWidth;
      const double to = range.Share(std::max(bar.from, bar.to)) * kPlotWidth;
      page.Rectangle(x + from, y - 11, std::max(1.0, to - from), 13, SvgPage::Colour(0));
    }
    page.Text(x + kPlotWidth + 8, y, Ends(bar));
    y += SvgPage::kLine;
  }
  page.Text(x, y, plot.x.In(language));
  page.Skip(y + SvgPage::kLine - page.y());
}

}  // namespace

std::string PlotAsText(const Plot& plot, Language language) {
  if (const auto* lines = std::get_if<LinePlot>(&plot)) return LinesAsText(*lines, language);
  return BarsAsText(std::get<BarPlot>(plot), language);
}

void DrawPlot(const Plot& plot, Language language, SvgPage& page) {
  if (const auto* lines = std::get_if<LinePlot>(&plot)) return DrawLines(*lines, language, page);
  DrawBars(std::get<BarPlot>(plot), language, page);
}

}  // namespace strata::advisor
