// What was used, what it cost, and what it would have cost elsewhere.
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/async/pause.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "manager/manager_impl.h"
#include "manager/records/bill.h"
#include "manager/records/node_prices.h"
#include "model/revision.h"
#include "scheduler/record.h"

namespace strata::manager {
namespace {

using model::Class;

constexpr double kNsPerMs = 1e6;
constexpr std::size_t kAtOnce = 64;  // of what is placed anew before others have their turn

scheduler::Load LoadOf(const store::Usage& usage) {
  return {.starts = static_cast<double>(usage.starts),
          .cpu_ms = static_cast<double>(usage.cpu_ns) / kNsPerMs,
          .held_ms = static_cast<double>(usage.held_ns) / kNsPerMs,
          .mib_ms = usage.mib_ms};
}

// Which figures what it would have cost elsewhere is reckoned with.
Json SourceOf(const Measurements& measurements) {
  Json classes = Json::array();
  for (const Class each : model::kClasses) {
    if (measurements.Of(each)) classes.push_back(model::ClassName(each));
  }
  return {{"source", scheduler::kMeasured},
          {"workload", measurements.record().value("workload", Json())},
          {"classes", std::move(classes)}};
}

}  // namespace

Result<double> ManagerImpl::CostElsewhere(const store::Usage& usage, Class here, Class there,
                                          const meter::Prices& prices) const {
  const scheduler::Load load = LoadOf(usage);
  const meter::Price& price = prices.Of(there);
  if (here == there) {
    return price.Of({.cpu_ms = load.cpu_ms, .mib_ms = load.mib_ms, .starts = load.starts});
  }
  if (HeldUncounted(usage)) {
    return Fail(Errc::kUnavailable,
                "how long the sandboxes of a Service or an addressable sandbox "
                "in wasm are there is not counted");
  }
  for (const Class each : {here, there}) {
    if (measurements_.Of(each)) continue;
    return Fail(Errc::kUnavailable, "class " + std::string(model::ClassName(each)) +
                                        " was never measured here; 'strata measure' does");
  }
  return price.Of(scheduler::Elsewhere(load, *measurements_.Of(here), *measurements_.Of(there)));
}

Result<ManagerImpl::Deployed> ManagerImpl::GetDeployed() {
  auto now = forms_.AllNow();
  if (!now) return std::unexpected(std::move(now).error());
  auto stored = store_->List();
  if (!stored) return std::unexpected(std::move(stored).error());
  std::map<model::ResourceKey, model::Resource> resources;
  for (store::StoredResource& each : *stored) {
    const model::ResourceKey key = each.resource.key();
    resources.emplace(key, std::move(each.resource));
  }
  Deployed deployed;
  for (model::Revision& revision : *now) {
    const auto found = resources.find({revision.tenant, revision.kind, revision.name});
    if (found == resources.end()) continue;
    std::pair whose(revision.tenant, revision.name);
    deployed.emplace(std::move(whose), std::pair(std::move(found->second), std::move(revision)));
  }
  return deployed;
}

// Where the scheduler would put it now, if that is not where it is.
std::optional<Class> ManagerImpl::BetterClass(const store::UsageKey& key,
                                              const Deployed& deployed) const {
  const auto found = deployed.find({key.tenant, key.name});
  if (found == deployed.end()) return std::nullopt;
  const auto& [resource, revision] = found->second;
  const Class now = ClassOf(revision);
  if (model::ClassName(now) != key.sandbox_class) return std::nullopt;  // it has left it
  Artifacts artifacts = {{model::VariantFor(now), revision.artifact_digest}};
  for (const auto& variant : revision.variants) artifacts.emplace(variant.kind, variant.digest);
  const auto best = FreePlacement(resource, artifacts);
  if (!best || best->sandbox_class == now) return std::nullopt;
  const auto moved = rollouts_.find({key.tenant, key.name});
  if (moved != rollouts_.end() &&
      std::ranges::find(moved->second.missed, best->sandbox_class) != moved->second.missed.end()) {
    return std::nullopt;  // it was tried, and did not do
  }
  return best->sandbox_class;
}

Bill ManagerImpl::BillOf(const store::UsageKey& key, const store::Usage& usage, Class here,
                         const Deployed& deployed, const meter::Prices& prices) const {
  Bill bill{.used = usage, .cost = CostElsewhere(usage, here, here, prices).value_or(0)};
  for (const Class each : kAllInOne) {
    if (const auto there = CostElsewhere(usage, here, each, prices)) {
      bill.elsewhere[each] = *there;
    } else {
      bill.lacking[each] = there.error().message;
    }
  }
  const auto better = BetterClass(key, deployed);
  if (!better) return bill;
  const auto there = CostElsewhere(usage, here, *better, prices);
  if (there && *there < bill.cost) {
    bill.could_save = bill.cost - *there;
    bill.better = better;
  }
  return bill;
}

Task<Json> ManagerImpl::Cost(std::string tenant, std::string by) {
  if (!GroupOf({}, by)) {
    co_return Fail(Errc::kInvalidArgument,
                   "by is workload, tenant or class, not '" + std::string(by) + "'");
  }
  collector_.DrainAll();
  collector_.Persist();
  const auto totals = accounts_.Totals();
  if (!totals) co_return std::unexpected(totals.error());
  const auto deployed = GetDeployed();
  if (!deployed) co_return std::unexpected(deployed.error());
  const meter::Prices prices = PricesHere(options_.prices, measurements_);
  std::map<Group, Bill> groups;
  Bill total;
  std::size_t placed = 0;
  for (const auto& [key, usage] : totals->usage) {
    if (++placed % kAtOnce == 0) co_await Pause(loop_, Duration::zero());
    if (!tenant.empty() && key.tenant != tenant) continue;
    const auto here = model::ClassFromName(key.sandbox_class);
    if (!here) co_return Fail(Errc::kInternal, "usage of a class '" + key.sandbox_class + "'");
    const Bill bill = BillOf(key, usage, *here, *deployed, prices);
    AddTo(total, bill);
    Bill& group = groups[*GroupOf(key, by)];
    AddTo(group, bill);
    if (by == "workload") group.better = bill.better;
  }
  Json json{{"by", by},
            {"since", total.used.since == WallTime() ? Json() : Json(Rfc3339(total.used.since))},
            {"metering", options_.observe.metering},
            {"prices", prices.ToJson()},
            {"measured", SourceOf(measurements_)},
            {"rows", RowsOf(groups)},
            {"total", BillToJson(total)}};
  const Overhead overhead = OverheadOf(*totals, tenant, prices);
  json["overhead"] = overhead.rows;
  json["total"]["overhead_cost"] = overhead.cost;
  co_return json;
}

}  // namespace strata::manager
