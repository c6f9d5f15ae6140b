#include "scheduler/placing/bounds.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace strata::scheduler {
namespace {

using std::chrono::milliseconds;

constexpr double kCalls = 1e6;                        // that the cost of a Function is for
constexpr double kMonthMs = 730 * meter::kMsPerHour;  // that of a Service is for
constexpr double kMsPerSecond = 1000;
constexpr double kCentsPerDollar = 100;
constexpr double kMostInManifest = 1e9;   // of usd_cents and qps
constexpr double kPartsPerPercent = 1e4;  // of a million
constexpr double kMostParts = 999'999;    // of availability
constexpr double kPercent = 100;

// Nothing: not of what a manifest may name.
std::optional<std::uint32_t> Within(double value, double least, double most) {
  if (value < least || value > most) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

// What a call keeps a processor from others.
double Busy(const Question& question, const Figures& figures) {
  const bool starts = question.function && question.start_each;
  return starts ? std::max(figures.busy_ms, figures.cpu_ms) : figures.cpu_ms;
}

// Calls that can run at once, by what a manifest says, and by what the server was started with.
double ByManifest(const Question& question) {
  return static_cast<double>(question.concurrency) * question.cells;
}
double BySandboxes(const Question& question, model::Class sandbox_class) {
  if (!question.function) return std::numeric_limits<double>::infinity();
  if (sandbox_class == model::Class::kWasm)
    return static_cast<double>(question.sandboxes) * question.cells;
  return question.start_each ? question.sandboxes : std::numeric_limits<double>::infinity();
}

// Calls a second, where each keeps one of `servers` for so long.
double Rate(double servers, double ms) {
  return ms > 0 ? servers * kMsPerSecond / ms : std::numeric_limits<double>::infinity();
}

// Of a node's, how many processors its calls can keep busy: cells and replicas are taken to compute
// on one each.
double Processors(const Question& question, model::Class sandbox_class, double cores) {
  if (sandbox_class == model::Class::kWasm) return std::min<double>(question.cells, cores);
  if (question.function && question.start_each) return cores;
  return std::min<double>(question.replicas, cores);
}

std::optional<double> Milliseconds(const std::optional<milliseconds>& asked) {
  if (!asked) return std::nullopt;
  return static_cast<double>(asked->count());
}

// The least of a manifest's that `ms` keeps.
std::optional<milliseconds> AtLeast(double ms) {
  constexpr double kHour = 3'600'000;  // the most that a manifest may name
  const double whole = std::max(std::ceil(ms), 1.0);
  if (whole > kHour) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(whole));
}

Range Exactly(double value) { return {value, value}; }

std::string WhySoFew(const Place& at) {
  const double sandboxes = BySandboxes(at.question, at.sandbox_class);
  const double others = std::min(
      Rate(ByManifest(at.question), at.figures.mean_ms),
      Rate(Processors(at.question, at.sandbox_class, at.cores), Busy(at.question, at.figures)));
  if (Rate(sandboxes, at.figures.mean_ms) >= others) return "";
  return " in " + Rounded(sandboxes) + " sandboxes (--max-sandboxes)";
}

constexpr std::array<Bound, kBounds> kRows = {
    Bound{.field = "slo.p99_ms",
          .has = "measured here: ",
          .asked = [](const Question& of) { return Milliseconds(of.slo.p99); },
          .expected = [](const Place& at) -> std::optional<Range> {
            return Exactly(at.figures.p99_ms);
          },
          .ask = [](Question& of, double figure) { of.slo.p99 = AtLeast(figure); }},
    Bound{.field = "slo.cold_start_ms",
          .has = "measured here: ",
          .asked = [](const Question& of) { return Milliseconds(of.slo.cold_start); },
          .expected = [](const Place& at) -> std::optional<Range> {
            if (!at.figures.cold_start_ms) return std::nullopt;
            return Exactly(*at.figures.cold_start_ms);
          },
          .ask = [](Question& of, double figure) { of.slo.cold_start = AtLeast(figure); }},
    Bound{
        .field = "slo.qps",
        .has = "it can carry ",
        .at_least = true,
        .asked = [](const Question& of) -> std::optional<double> { return of.slo.qps; },
        .expected = [](const Place& at) -> std::optional<Range> {
          if (!at.figures.load_known) return std::nullopt;
          return Exactly(CapacityOf(at.question, at.sandbox_class, at.figures, at.cores));
        },
        .because = WhySoFew,
        .ask = [](Question& of,
                  double figure) { of.slo.qps = Within(std::floor(figure), 1, kMostInManifest); }},
    Bound{.field = "slo.availability",
          .has = "measured here: at most ",
          .at_least = true,
          .asked = [](const Question& of) -> std::optional<double> {
            if (!of.slo.availability) return std::nullopt;
            return *of.slo.availability / kPartsPerPercent;
          },
          .expected = [](const Place& at) -> std::optional<Range> {
            if (!at.figures.failures) return std::nullopt;
            const FailureRate& seen = *at.figures.failures;
            return Range{(1 - seen.Most()) * kPercent, (1 - seen.Least()) * kPercent};
          },
          .ask =
              [](Question& of, double figure) {
                of.slo.availability =
                    Within(std::floor(figure * kPartsPerPercent), kPartsPerPercent, kMostParts);
              }},
    Bound{.field = "budget.usd_cents",
          .has = "it costs ",
          .asked = [](const Question& of) -> std::optional<double> { return of.budget.cents; },
          .expected = [](const Place& at) -> std::optional<Range> {
            if (!at.figures.load_known) return std::nullopt;
            return Exactly(at.cost * kCentsPerDollar);
          },
          .ask =
              [](Question& of, double figure) {
                of.budget.cents = Within(std::ceil(figure), 0, kMostInManifest);
              }},
};

}  // namespace

double CostOf(const Question& question, const Figures& figures, const meter::Price& price) {
  if (!question.function) return price.Of({.mib_ms = figures.memory_mib * kMonthMs});
  return price.Of({.cpu_ms = kCalls * figures.cpu_ms,
                   .mib_ms = kCalls * figures.memory_mib * figures.mean_ms,
                   .starts = question.start_each ? kCalls : 0});
}

double CapacityOf(const Question& question, model::Class sandbox_class, const Figures& figures,
                  double cores) {
  const double by_time = Rate(Processors(question, sandbox_class, cores), Busy(question, figures));
  const double at_once = std::min(ByManifest(question), BySandboxes(question, sandbox_class));
  const double by_calls = Rate(at_once, figures.mean_ms);
  return std::min({kUsable * by_time, kUsable * by_calls, kMostInManifest});
}

double CoresFor(const Question& question, const Figures& figures) {
  return question.slo.qps.value_or(0) * Busy(question, figures) / kMsPerSecond / kUsable;
}

double ReplicasFor(const Question& question, const Figures& figures) {
  return std::ceil(CoresFor(question, figures));
}

double ConcurrencyFor(const Question& question, const Figures& figures) {
  const double at_once = question.slo.qps.value_or(0) * figures.mean_ms / kMsPerSecond / kUsable;
  return std::ceil(at_once / std::max(question.cells, 1U));
}

std::span<const Bound, kBounds> Bounds() noexcept { return kRows; }

std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), value >= 1000 ? "%.0f" : "%.3g", value);
  return text;
}

std::string Exact(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

}  // namespace strata::scheduler
