// telemetry/metrics.h - counters, gauges and histograms with labels, and their Prometheus text.
//
// Own code instead of prometheus-cpp: that library brings a mutex per update and its own HTTP
// server, and what we need of it is this page. The exposition is format 0.0.4.
//
// A metric is looked up once (a map) and then used through its reference (an addition). Names are
// strata_<folder>_<what>_<unit>; a counter's end in _total. A bad name, or one name used with two
// kinds or help texts, is a bug and ends the program; label values may be any text.
// Label values must come from a bounded set (functions, codes), never from a request.
//
// Threads: thread-compatible: one loop owns a Registry and its metrics.
// Lifetime: references stay valid until Remove() of that series or the Registry's end.
// Tested by telemetry/metrics_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::telemetry {

// Only ever grows.
class Counter {
 public:
  // One is shown as 1 / `per_unit`.
  explicit Counter(std::uint32_t per_unit = 1) noexcept : per_unit_(per_unit) {}

  void Add(std::uint64_t by = 1) noexcept { value_ += by; }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }
  [[nodiscard]] std::uint32_t per_unit() const noexcept { return per_unit_; }

 private:
  std::uint64_t value_ = 0;
  std::uint32_t per_unit_;
};

class Gauge {
 public:
  void Set(double value) noexcept { value_ = value; }
  void Add(double by) noexcept { value_ += by; }
  [[nodiscard]] double value() const noexcept { return value_; }

 private:
  double value_ = 0;
};

class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

  void Observe(double value) noexcept;

  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }
  // One count per bound, then that of everything above; not cumulative.
  [[nodiscard]] std::span<const std::uint64_t> counts() const noexcept { return counts_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept { return sum_; }

 private:
  std::vector<double> bounds_;  // ascending upper bounds
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// Upper bounds for durations in seconds: 1, 2, 5 per decade, from 10 us to 10 s.
std::span<const double> DurationBuckets() noexcept;

// Name and value of each label; order does not matter.
using Labels = std::map<std::string, std::string>;

class Registry {
 public:
  Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  // The series of `name` with `labels`, made at the first call.
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  // The same for time: what is added counts microseconds and is shown in seconds, the unit that
  // Prometheus wants, so the name ends in _seconds_total.
  Counter& GetTimeCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& GetHistogram(std::string_view name, std::string_view help,
                          std::span<const double> bounds, const Labels& labels = {});

  // Forgets every series that has all these labels (of a deleted function); references to them die.
  void Remove(const Labels& labels);

  // Everything, sorted by name and labels.
  [[nodiscard]] std::string Expose() const;

 private:
  struct Family;
  Family& GetFamily(std::string_view name, std::string_view help, std::string_view kind);
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace strata::telemetry
