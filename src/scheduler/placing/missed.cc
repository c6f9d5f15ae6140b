#include "scheduler/placing/missed.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "scheduler/placing/shown.h"

namespace strata::scheduler {
namespace {

constexpr double kRisk = 0.01;  // of saying it of a class that keeps its bound

std::string Told(std::string_view field, std::chrono::milliseconds bound, const Counted& seen,
                 std::string_view whose) {
  const auto hits = static_cast<std::uint64_t>(std::round(seen.above));
  const auto of = static_cast<std::uint64_t>(std::round(seen.calls));
  if (!Shown(hits, of, kShareAbove, kRisk)) return "";
  return fmt::format("{} is {}, missed by {:.3g} % of {} {} so far", field, bound.count(),
                     100 * seen.above / seen.calls, of, whose);
}

double Ms(std::chrono::milliseconds bound) { return static_cast<double>(bound.count()); }

}  // namespace

std::string Missed(const Learned& learned, const model::Slo& slo) {
  std::string missed;
  if (slo.p99) missed = Told("slo.p99_ms", *slo.p99, learned.Slower(Ms(*slo.p99)), "calls");
  if (missed.empty() && slo.cold_start) {
    missed = Told("slo.cold_start_ms", *slo.cold_start, learned.SlowerCold(Ms(*slo.cold_start)),
                  "calls that waited");
  }
  if (!missed.empty() || !slo.availability) return missed;
  const FailureRate seen = learned.own_crashes();
  if (seen.calls <= 0 || seen.Least() <= ShareThatMayFail(slo)) return "";
  return fmt::format("slo.availability is {:.10g}, and of {:.0f} calls so far {:.3g} % failed",
                     100 * *slo.availability / kAvailabilityParts, seen.calls, 100 * seen.rate);
}

}  // namespace strata::scheduler
