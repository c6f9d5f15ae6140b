#include "route/plan/plan.h"

namespace strata::route {

Result<std::shared_ptr<const Plan>> Plan::Build(PlanSpec spec, const Plan* previous,
                                                const Ports& ports) {
  auto plan = std::make_shared<Plan>();
  plan->generation_ = spec.generation;
  plan->observe_ = spec.observe;
  auto table = Table::Build(std::move(spec.rules), spec.functions.size());
  if (!table) return std::unexpected(std::move(table).error());
  plan->table_ = std::move(*table);

  for (FunctionSpec& function : spec.functions) {
    const auto index = static_cast<std::uint32_t>(plan->functions_.size());
    const Name name(function.tenant, function.name, function.target);
    if (!plan->index_.emplace(name, index).second) {
      return Fail(Errc::kInvalidArgument, "two functions are called " + function.tenant + "/" +
                                              function.name + function.target);
    }
    std::shared_ptr<Function> kept;
    if (previous != nullptr) {
      const std::uint32_t old = previous->IndexOf(function.tenant, function.name, function.target);
      if (old != FunctionId::kNone && previous->functions_[old]->spec() == function) {
        kept = previous->functions_[old];
      }
    }
    plan->functions_.push_back(kept ? std::move(kept)
                                    : std::make_shared<Function>(std::move(function), ports));
  }
  // Nothing can fail any more: only now do functions learn their new place.
  for (std::uint32_t i = 0; i < plan->functions_.size(); ++i) {
    plan->functions_[i]->MoveTo({plan->generation_, i});
  }
  return std::shared_ptr<const Plan>(std::move(plan));
}

std::uint32_t Plan::IndexOf(std::string_view tenant, std::string_view name,
                            std::string_view target) const {
  const auto found = index_.find(Name(tenant, name, target));
  return found == index_.end() ? FunctionId::kNone : found->second;
}

}  // namespace strata::route
