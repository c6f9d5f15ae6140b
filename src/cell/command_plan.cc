#include "cell/command_plan.h"

#include <cstdint>

#include "base/json.h"

namespace strata::cell {

std::string ToText(const CommandPlan& plan) {
  return DumpJson({{"environment", plan.environment}, {"memory", plan.memory.count}});
}

Result<CommandPlan> ReadCommandPlan(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json) return std::unexpected(json.error());
  const auto bad = [] { return Fail(Errc::kInvalidArgument, "no plan of a command"); };
  if (!json->is_object() || json->size() != 2 || !json->contains("environment") ||
      !json->contains("memory")) {
    return bad();
  }
  const Json& environment = (*json)["environment"];
  const Json& memory = (*json)["memory"];
  if (!environment.is_object() || !memory.is_number_unsigned()) return bad();
  CommandPlan plan{.environment = {}, .memory = Bytes{memory.get<std::uint64_t>()}};
  if (plan.memory > kCommandMemory) return bad();
  for (const auto& [name, value] : environment.items()) {
    if (!value.is_string()) return bad();
    plan.environment[name] = value.get<std::string>();
  }
  return plan;
}

}  // namespace strata::cell
