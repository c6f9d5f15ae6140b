#include "advisor/report/plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "advisor/report/plot_range.h"
#include "base/text/table.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kColumns = 64;  // of a plot in characters, without its labels
constexpr std::size_t kLines = 16;
constexpr std::string_view kMarks = "*o+x#@%&";

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
  explicit Grid(const PlotRanges& ranges)
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

  const PlotRanges ranges_;
  std::vector<std::string> lines_;
};

std::string LinesAsText(const LinePlot& plot, Language language) {
  const PlotRanges ranges = RangesOf(plot);
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

// A bar in columns, with the base through it; nothing is no bar.
std::string BarAsText(const Bar& bar, const std::optional<double>& base, const PlotRange& range) {
  const auto column = [&range](double value) {
    return static_cast<std::size_t>(
        std::lround(range.Share(value) * static_cast<double>(kColumns - 1)));
  };
  std::vector<std::string_view> cells;
  const auto put = [&cells](std::size_t at, std::string_view mark) {
    if (cells.size() <= at) cells.resize(at + 1, " ");
    cells[at] = mark;
  };
  if (bar.from != bar.to && std::isfinite(bar.from) && std::isfinite(bar.to)) {
    const std::size_t from = column(std::min(bar.from, bar.to));
    const std::size_t to = std::max(from + 1, column(std::max(bar.from, bar.to)));
    for (std::size_t at = from; at < to; ++at) put(at, "█");
  }
  if (base) put(column(*base), "┃");
  std::string text;
  for (const std::string_view cell : cells) text += cell;
  return text;
}

std::string BarsAsText(const BarPlot& plot, Language language) {
  const PlotRange range = RangeOf(plot);
  if (range.empty()) return "";
  const std::size_t label = WidestLabel(plot, language);
  std::string text;
  for (const Bar& bar : plot.bars) {
    text += Padded(bar.label.In(language), label) + " |" + BarAsText(bar, plot.base, range) + " " +
            Ends(bar) + "\n";
  }
  text += std::string(label + 2, ' ') + plot.x.In(language);
  if (plot.base) text += "; ┃ " + kBase.In(language) + " " + Figure(*plot.base);
  return text + "\n";
}

// A bar for each, lying; the one that has the base in it says so.
std::string HistogramAsText(const HistogramPlot& plot, Language language) {
  BarPlot bars{kDraws, {}, {}};
  const auto count = static_cast<double>(plot.counts.size());
  for (std::size_t i = 0; i < plot.counts.size(); ++i) {
    const double from = std::lerp(plot.from, plot.to, static_cast<double>(i) / count);
    const double to = std::lerp(plot.from, plot.to, static_cast<double>(i + 1) / count);
    char middle[32];
    std::snprintf(middle, sizeof(middle), "%.4g", std::midpoint(from, to));
    Text label{middle, ""};
    if (plot.base && *plot.base >= from && (*plot.base < to || from == to)) {
      label = Join(label, " ", kBase);
    }
    bars.bars.push_back({std::move(label), 0, plot.counts[i]});
  }
  return plot.x.In(language) + "\n" + BarsAsText(bars, language);
}

// What is claimed in shades, the interval over it, the value in it.
std::string BesideAsText(const Beside& each, const DecadeRange& range) {
  const auto column = [&range](double value) {
    return static_cast<std::size_t>(
        std::lround(range.Share(value) * static_cast<double>(kColumns - 1)));
  };
  std::vector<std::string_view> cells(kColumns, " ");
  const auto fill = [&cells, &column](double from, double to, std::string_view mark) {
    for (std::size_t at = column(from); at <= column(to); ++at) cells[at] = mark;
  };
  fill(each.claimed.from, each.claimed.to, "░");
  const bool from = std::isfinite(each.interval.from);
  const bool to = std::isfinite(each.interval.to);
  fill(from ? each.interval.from : each.value, to ? each.interval.to : each.value, "━");
  cells[column(each.value)] = "●";
  std::string text;
  for (const std::string_view cell : cells) text += cell;
  return text;
}

std::string IntervalsAsText(const IntervalPlot& plot, Language language) {
  const DecadeRange range(plot);
  if (range.empty()) return "";
  std::size_t label = 0;
  for (const Beside& each : plot.rows) {
    label = std::max(label, DisplayWidth(each.label.In(language)));
  }
  std::string text;
  for (const Beside& each : plot.rows) {
    if (!(each.value > 0)) continue;
    text += Padded(each.label.In(language), label) + " |" + BesideAsText(each, range) + "| " +
            Figure(each.value) + "\n";
  }
  const std::vector<double> ticks = range.Ticks();
  const std::string right = Figure(ticks.back()) + " " + plot.x.In(language);
  const std::string left = Figure(ticks.front());
  text += std::string(label + 2, ' ') + left +
          PaddedLeft(right, kColumns - std::min(kColumns, DisplayWidth(left))) + "\n";
  return text + std::string(label + 2, ' ') + "░ " + kClaimed.In(language) + "   ━●━ " +
         kMeasured.In(language) + "\n";
}

}  // namespace

std::string PlotAsText(const Plot& plot, Language language) {
  if (const auto* lines = std::get_if<LinePlot>(&plot)) return LinesAsText(*lines, language);
  if (const auto* bars = std::get_if<BarPlot>(&plot)) return BarsAsText(*bars, language);
  if (const auto* each = std::get_if<IntervalPlot>(&plot)) return IntervalsAsText(*each, language);
  return HistogramAsText(std::get<HistogramPlot>(plot), language);
}

}  // namespace strata::advisor
