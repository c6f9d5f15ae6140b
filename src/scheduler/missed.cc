#include "scheduler/missed.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "scheduler/shown.h"

namespace strata::scheduler {
namespace {

constexpr double kRisk = 0.01;  // of saying it of a class that keeps its bound

std::string Slower(std::string_view field, const std::optional<std::chrono::milliseconds>& bound,
                   const Sketch& seen, std::string_view whose) {
  if (!bound) return "";
  const double above = seen.Above(static_cast<double>(bound->count()));
  const auto hits = static_cast<std::uint64_t>(std::round(above));
  const auto of = static_cast<std::uint64_t>(std::round(seen.weight()));
  if (!Shown(hits, of, kShareAbove, kRisk)) return "";
  return fmt::format("{} is {}, missed by {:.3g} % of {} {} so far", field, bound->count(),
                     100 * above / seen.weight(), of, whose);
}

}  // namespace

std::string Missed(const Learned& learned, const model::Slo& slo) {
  std::string missed = Slower("slo.p99_ms", slo.p99, learned.whole(), "calls");
  if (missed.empty()) {
    missed = Slower("slo.cold_start_ms", slo.cold_start, learned.cold(), "calls that waited");
  }
  if (!missed.empty() || !slo.availability) return missed;
  const FailureRate seen = learned.crashes();
  if (seen.calls <= 0 || seen.Least() <= ShareThatMayFail(slo)) return "";
  return fmt::format("slo.availability is {:.10g}, and of {:.0f} calls so far {:.3g} % failed",
                     100 * *slo.availability / kAvailabilityParts, seen.calls, 100 * seen.rate);
}

}  // namespace strata::scheduler
