#include "scheduler/simulate/costs.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "scheduler/simulate/quantiles.h"
#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {
namespace {

using model::Class;

ClassCosts OfClass(Class sandbox_class, const Figures& figures, const Costs& way) {
  ClassCosts costs{.measured = true, .memory = FromMib(figures.memory_mib)};
  if (sandbox_class == Class::kWasm) {
    costs.create_ms = std::max(figures.cold_start_ms.value_or(0) - figures.p50_ms, 0.0);
    costs.create_cpu_ms = costs.create_ms;
    return costs;
  }
  costs.create_ms = std::max(figures.p50_ms - way.way_ms, 0.0);
  costs.create_cpu_ms = std::max(figures.cpu_ms - way.way_cpu_ms, 0.0);
  const double p99 = figures.p99_ms - way.way_ms;
  if (costs.create_ms > 0 && p99 > costs.create_ms) {
    costs.create_spread = std::log(p99 / costs.create_ms) / kZOf99;
  }
  return costs;
}

}  // namespace

Duration Costs::Creation(Class sandbox_class, double u) const noexcept {
  const ClassCosts& costs = Of(sandbox_class);
  const double ms = costs.create_ms * std::exp(costs.create_spread * NormalQuantile(u));
  return FromMs(ms);
}

Result<Costs> CostsOf(const Record& record) {
  for (const Class needed : {Class::kWasm, Class::kContainer, Class::kMicrovm}) {
    if (record.contains(needed)) continue;
    return Fail(Errc::kFailedPrecondition,
                "the record has no figures of class " + std::string(model::ClassName(needed)) +
                    ", without which nothing can be compared; 'strata measure' takes them");
  }
  const auto quickest =
      std::ranges::min_element(record, {}, [](const auto& each) { return each.second.p50_ms; });
  Costs costs;
  costs.way_ms = quickest->second.p50_ms;
  costs.way_cpu_ms = quickest->second.cpu_ms;
  for (const auto& [sandbox_class, figures] : record) {
    costs.classes[static_cast<std::size_t>(sandbox_class)] = OfClass(sandbox_class, figures, costs);
  }
  return costs;
}

}  // namespace strata::scheduler::simulate
