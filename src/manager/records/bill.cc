#include "manager/records/bill.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "manager/records/accounts.h"

namespace strata::manager {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kMsPerS = 1e3;

double Seconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / kNsPerMs / kMsPerS;
}

Json Compared(const Bill& bill, model::Class with) {
  if (const auto why = bill.lacking.find(with); why != bill.lacking.end()) {
    return {{"lacking", why->second}};
  }
  const auto found = bill.elsewhere.find(with);
  const double there = found == bill.elsewhere.end() ? 0 : found->second;  // nothing was used
  return {{"cost", there}, {"saved", there - bill.cost}};
}

}  // namespace

bool HeldUncounted(const store::Usage& used) noexcept {
  // A call of an addressable sandbox starts none: only that it computed shows that it ran.
  return used.held_ns == 0 && (used.starts > 0 || used.cpu_ns > 0);
}

void AddTo(Bill& sum, const Bill& more) {
  store::Add(sum.used, more.used);
  sum.cost += more.cost;
  sum.could_save += more.could_save;
  for (const auto& [sandbox_class, cost] : more.elsewhere) sum.elsewhere[sandbox_class] += cost;
  sum.lacking.insert(more.lacking.begin(), more.lacking.end());
}

Json BillToJson(const Bill& bill) {
  const store::Usage& used = bill.used;
  Json json{{"calls", used.calls},
            {"failed", used.failed},
            {"starts", used.starts},
            {"cpu_s", Seconds(used.cpu_ns)},
            {"held_s", Seconds(used.held_ns)},
            {"memory_mib_s", used.mib_ms / kMsPerS},
            {"bytes_in", used.bytes_in},
            {"bytes_out", used.bytes_out},
            {"cost", bill.cost},
            {"could_save", bill.could_save}};
  for (const model::Class each : kAllInOne) {
    json["all_" + std::string(model::ClassName(each))] = Compared(bill, each);
  }
  if (bill.better) {
    json["better"] = {{"class", model::ClassName(*bill.better)}, {"saves", bill.could_save}};
  }
  return json;
}

std::optional<Group> GroupOf(const store::UsageKey& key, std::string_view by) {
  if (by == "workload") return Group{key.tenant, key.name, key.sandbox_class};
  if (by == "tenant") return Group{key.tenant, "", ""};
  if (by == "class") return Group{"", "", key.sandbox_class};
  return std::nullopt;
}

Json RowsOf(const std::map<Group, Bill>& groups) {
  constexpr std::array kFields = {"namespace", "name", "class"};
  Json rows = Json::array();
  for (const auto& [group, bill] : groups) {
    Json row = BillToJson(bill);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!group[i].empty()) row[kFields[i]] = group[i];
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Overhead OverheadOf(const store::UsageTotals& totals, std::string_view tenant,
                    const meter::Prices& prices) {
  // By tenant and role: what guests used, and what bills have for starting their sandboxes.
  std::map<std::pair<std::string, std::string>, double> guests_s;
  std::map<std::pair<std::string, std::string>, double> starts_s;
  for (const auto& [key, usage] : totals.usage) {
    const std::pair whose(key.tenant,
                          std::string(RunsInCells(key.sandbox_class) ? "cell" : "keeper"));
    guests_s[whose] += Seconds(usage.cpu_ns);
    if (const auto of = model::ClassFromName(key.sandbox_class)) {
      starts_s[whose] += static_cast<double>(usage.starts) * prices.StartMs(*of) / kMsPerS;
    }
  }
  Overhead overhead;
  for (const auto& [whose, cpu_ns] : totals.process_cpu_ns) {
    const auto& [of, role] = whose;
    if (!tenant.empty() && of != tenant) continue;
    const model::Class as = role == "keeper" ? model::Class::kContainer : model::Class::kWasm;
    const double own_s = std::max(Seconds(cpu_ns) - guests_s[whose], 0.0);
    const double unbilled_s = std::max(own_s - starts_s[whose], 0.0);
    const double cost = prices.Of(as).Of({.cpu_ms = unbilled_s * kMsPerS});
    overhead.cost += cost;
    overhead.rows.push_back({{"namespace", of},
                             {"role", role},
                             {"process_cpu_s", Seconds(cpu_ns)},
                             {"cpu_s", own_s},
                             {"cost", cost}});
  }
  return overhead;
}

}  // namespace strata::manager
