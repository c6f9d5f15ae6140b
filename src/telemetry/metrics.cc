#include "telemetry/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/check.h"

namespace strata::telemetry {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";
constexpr std::string_view kHistogram = "histogram";
constexpr std::uint32_t kMicrosecondsPerSecond = 1'000'000;

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

// The rules of label names; metric names may also have ':', which is for recording rules, not us.
bool IsName(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!IsNameCharacter(name[i], i == 0)) return false;
  }
  return true;
}

// Label values escape backslash, quote and newline; help texts the same without the quote.
void AppendEscaped(std::string& to, std::string_view text, std::string_view special) {
  for (const char c : text) {
    if (c == '\n') {
      to += "\\n";
      continue;
    }
    if (special.find(c) != std::string_view::npos) to += '\\';
    to += c;
  }
}

// `a="x",b="y"`: also the key of a series, because a map keeps its labels sorted.
std::string FormatLabels(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    STRATA_CHECK(IsName(name) && name != "le" && !name.starts_with("__"));
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    AppendEscaped(text, value, "\\\"");
    text += '"';
  }
  return text;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);  // the shortest text that reads back as the same number
}

std::string Shown(const Counter& counter) {
  if (counter.per_unit() == 1) return std::to_string(counter.value());
  return Number(static_cast<double>(counter.value()) / counter.per_unit());
}

void AppendSample(std::string& to, std::string_view name, std::string_view suffix,
                  const std::string& labels, std::string_view value) {
  to += name;
  to += suffix;
  if (!labels.empty()) fmt::format_to(std::back_inserter(to), "{{{}}}", labels);
  fmt::format_to(std::back_inserter(to), " {}\n", value);
}

void AppendHistogram(std::string& to, std::string_view name, const std::string& labels,
                     const Histogram& histogram) {
  const std::string before = labels.empty() ? "" : labels + ",";
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    cumulative += histogram.counts()[i];
    AppendSample(to, name, "_bucket", before + "le=\"" + Number(histogram.bounds()[i]) + "\"",
                 std::to_string(cumulative));
  }
  const std::string count = std::to_string(histogram.count());
  AppendSample(to, name, "_bucket", before + "le=\"+Inf\"", count);
  AppendSample(to, name, "_sum", labels, Number(histogram.sum()));
  AppendSample(to, name, "_count", labels, count);
}

}  // namespace

// All series of one name. Only the map of its kind is filled.
struct Registry::Family {
  template <typename Metric>
  struct Series {
    Labels labels;
    Metric metric;
  };
  template <typename Metric>
  using SeriesMap = std::map<std::string, std::unique_ptr<Series<Metric>>>;

  std::string_view kind;
  std::string help;
  SeriesMap<Counter> counters;
  SeriesMap<Gauge> gauges;
  SeriesMap<Histogram> histograms;

  template <typename Metric, typename... Arguments>
  static Metric& Get(SeriesMap<Metric>& series, const Labels& labels, Arguments&&... arguments) {
    auto& slot = series[FormatLabels(labels)];
    if (!slot) {
      slot = std::make_unique<Series<Metric>>(
          Series<Metric>{labels, Metric(std::forward<Arguments>(arguments)...)});
    }
    return slot->metric;
  }

  template <typename Metric>
  static void Remove(SeriesMap<Metric>& series, const Labels& labels) {
    std::erase_if(series, [&](const auto& entry) {
      return std::ranges::includes(entry.second->labels, labels);
    });
  }
};

void Histogram::Observe(double value) noexcept {
  // A bound belongs to its bucket ("le"). NaN compares with nothing and lands above all bounds.
  std::size_t bucket = 0;
  while (bucket < bounds_.size() && !(value <= bounds_[bucket])) ++bucket;
  ++counts_[bucket];
  ++count_;
  sum_ += value;
}

std::span<const double> DurationBuckets() noexcept {
  static constexpr std::array kBounds = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2,
                                         2e-2, 5e-2, 0.1,  0.2,  0.5,  1.0,  2.0,  5.0,  10.0};
  return kBounds;
}

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Family& Registry::GetFamily(std::string_view name, std::string_view help,
                                      std::string_view kind) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    STRATA_CHECK(IsName(name) && !help.empty());
    STRATA_CHECK((kind == kCounter) == name.ends_with("_total"));
    found = families_.emplace(std::string(name), std::make_unique<Family>()).first;
    found->second->kind = kind;
    found->second->help = help;
  }
  STRATA_CHECK(found->second->kind == kind && found->second->help == help);
  return *found->second;
}

Counter& Registry::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  return Family::Get(GetFamily(name, help, kCounter).counters, labels);
}

Counter& Registry::GetTimeCounter(std::string_view name, std::string_view help,
                                  const Labels& labels) {
  STRATA_CHECK(name.ends_with("_seconds_total"));
  return Family::Get(GetFamily(name, help, kCounter).counters, labels, kMicrosecondsPerSecond);
}

Gauge& Registry::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  return Family::Get(GetFamily(name, help, kGauge).gauges, labels);
}

Histogram& Registry::GetHistogram(std::string_view name, std::string_view help,
                                  std::span<const double> bounds, const Labels& labels) {
  STRATA_CHECK(!bounds.empty() && std::ranges::is_sorted(bounds));
  return Family::Get(GetFamily(name, help, kHistogram).histograms, labels, bounds);
}

void Registry::Remove(const Labels& labels) {
  for (auto& [name, family] : families_) {
    Family::Remove(family->counters, labels);
    Family::Remove(family->gauges, labels);
    Family::Remove(family->histograms, labels);
  }
}

std::string Registry::Expose() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    fmt::format_to(std::back_inserter(text), "# HELP {} ", name);
    AppendEscaped(text, family->help, "\\");
    fmt::format_to(std::back_inserter(text), "\n# TYPE {} {}\n", name, family->kind);
    for (const auto& [labels, series] : family->counters) {
      AppendSample(text, name, "", labels, Shown(series->metric));
    }
    for (const auto& [labels, series] : family->gauges) {
      AppendSample(text, name, "", labels, Number(series->metric.value()));
    }
    for (const auto& [labels, series] : family->histograms) {
      AppendHistogram(text, name, labels, series->metric);
    }
  }
  return text;
}

}  // namespace strata::telemetry
