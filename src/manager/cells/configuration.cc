#include "manager/cells/configuration.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "cell/start/given_mounts.h"
#include "route/plan/function.h"

namespace strata::manager {
namespace {

// Scratch directories of each size for sandboxes that have an address.
constexpr std::uint32_t kAddressable = 8;

cell::Function FunctionFrom(const Runnable& runnable) {
  const model::Revision& revision = runnable.revision;
  cell::Function function;
  function.tenant = revision.tenant;
  function.name = revision.name;
  function.target = runnable.target.ToString();
  function.revision = static_cast<std::uint32_t>(revision.number);
  function.sandbox_class = model::ClassName(runnable.sandbox_class);
  function.module = runnable.module;
  // A service in a keeper has its own processes; its calls need no sandbox of the cell's.
  function.service =
      revision.kind == model::Kind::kService && runnable.sandbox_class == model::Class::kWasm;
  function.priority = revision.workload.priority;
  function.limits = revision.workload.limits;
  function.env = revision.workload.env;
  function.grants = revision.workload.grants;
  return function;
}

// Sandboxes of one function that a cell has at a time, beside those that have an address.
std::uint32_t AtOnce(const cell::Function& function) {
  const std::uint32_t most = function.service ? route::kServiceSandboxes : cell::kMostScratch;
  return std::min(function.limits.concurrency, most);
}

void NoteDirectories(const cell::Function& function, CellNeeds& needs) {
  using Mode = model::DirGrant::Mode;
  for (const model::DirGrant& dir : function.grants.dirs) {
    if (dir.mode == Mode::kVolume || dir.mode == Mode::kVolumeReadOnly) {
      needs.volumes.emplace(dir.host, dir.mode);
    } else if (dir.mode != Mode::kScratch) {
      needs.read_only.insert(dir.host);
    } else if (dir.size.count == 0) {
      needs.scratch = true;
    } else {
      std::uint32_t& count = needs.bounded[dir.size.count];
      if (count == 0) count = kAddressable;
      count += std::min(AtOnce(function), cell::kMostScratch - count);
    }
  }
}

using Indices = std::map<FormName, std::uint32_t>;

FormName NameOf(const Runnable& runnable) {
  return {runnable.revision.tenant, runnable.revision.name, runnable.target};
}

// The function as a front knows it: where it runs, its powers and its bounds are its cells'
// business.
cell::Function HandedOn(cell::Function function) {
  function.module.clear();
  function.service = false;
  function.env.clear();
  function.grants = {};
  function.limits.concurrency = std::numeric_limits<std::uint32_t>::max();
  return function;
}

void AddRoute(const model::RouteEntry& entry, const Indices& indices,
              const std::set<FormName>& refused, Configuration& to) {
  cell::Route route{.host = entry.host,
                    .path = entry.path,
                    .methods = entry.methods,
                    .headers = entry.headers,
                    .split = entry.split,
                    .backends = {},
                    .mirror = {}};
  for (std::size_t i = 0; i < entry.backends.size(); ++i) {
    const model::Backend& backend = entry.backends[i];
    const auto found = indices.find({entry.tenant, backend.function, backend.target});
    if (found == indices.end()) continue;
    route.backends.push_back({found->second, backend.weight, model::NamesForm(entry, i)});
  }
  if (entry.mirror) {
    const model::Mirror& mirror = *entry.mirror;
    const auto found = indices.find({entry.tenant, mirror.function, mirror.target});
    if (found != indices.end()) route.mirror = cell::Mirror{found->second, mirror.percent};
  }
  // What is left of it may have no weight: then nobody serves it, as with none at all.
  if (std::ranges::none_of(route.backends, &cell::Backend::weight)) {
    route.backends.clear();
    route.refused = std::ranges::all_of(entry.backends, [&](const model::Backend& backend) {
      return backend.weight == 0 ||
             refused.contains({entry.tenant, backend.function, backend.target});
    });
  }
  to.message.routes.push_back(std::move(route));
}

}  // namespace

std::string ModuleKey(std::string_view artifact_digest, std::string_view engine_key) {
  return std::string(artifact_digest) + "-" + std::string(engine_key);
}

Configuration BuildConfiguration(std::string_view tenant, std::span<const Runnable> runnable,
                                 std::span<const model::RouteEntry> routes,
                                 const cell::Observe& observe, const std::set<FormName>& refused) {
  Configuration built;
  built.message.observe = observe;
  Indices indices;
  std::set<std::string> modules;
  for (const Runnable& each : runnable) {
    if (each.revision.tenant != tenant) continue;
    modules.insert(each.module);
    indices.emplace(NameOf(each), static_cast<std::uint32_t>(built.message.functions.size()));
    built.message.functions.push_back(FunctionFrom(each));
    // Other classes' directories are their keeper's to show.
    if (each.sandbox_class == model::Class::kWasm) {
      NoteDirectories(built.message.functions.back(), built.needs);
    }
  }
  for (const model::RouteEntry& entry : routes) {
    if (entry.tenant == tenant) AddRoute(entry, indices, refused, built);
  }
  built.modules.assign(modules.begin(), modules.end());
  return built;
}

Configuration BuildFrontConfiguration(std::span<const Runnable> runnable,
                                      std::span<const model::RouteEntry> routes,
                                      const cell::Observe& observe,
                                      const std::set<FormName>& refused) {
  Configuration built;
  built.message.observe = observe;
  Indices indices;
  std::set<std::string> modules;
  for (const Runnable& each : runnable) {
    indices.emplace(NameOf(each), static_cast<std::uint32_t>(built.message.functions.size()));
    built.message.functions.push_back(each.sandbox_class == model::Class::kWasm
                                          ? HandedOn(FunctionFrom(each))
                                          : FunctionFrom(each));
    if (each.sandbox_class != model::Class::kWasm) modules.insert(each.module);
  }
  for (const model::RouteEntry& entry : routes) AddRoute(entry, indices, refused, built);
  built.modules.assign(modules.begin(), modules.end());
  return built;
}

std::string_view ModeName(ListenerPlan::Mode mode) noexcept {
  return mode == ListenerPlan::Mode::kDirect ? "direct" : "front";
}

ListenerPlan PlanListener(std::span<const Runnable> runnable,
                          std::span<const model::RouteEntry> routes) {
  std::map<FormName, model::Class> class_of;
  for (const Runnable& each : runnable) class_of.emplace(NameOf(each), each.sandbox_class);
  std::set<std::string> tenants;
  std::set<std::string> others;  // classes that are not wasm
  ListenerPlan plan;
  for (const model::RouteEntry& route : routes) {
    tenants.insert(route.tenant);
    for (const model::Backend& backend : route.backends) {
      const auto found = class_of.find({route.tenant, backend.function, backend.target});
      if (found == class_of.end()) continue;
      if (found->second == model::Class::kWasm) {
        plan.handed_on.insert(route.tenant);
      } else {
        others.emplace(model::ClassName(found->second));
      }
    }
    // Copies go the same way as what is served.
    if (!route.mirror) continue;
    const auto to = class_of.find({route.tenant, route.mirror->function, route.mirror->target});
    if (to != class_of.end() && to->second == model::Class::kWasm) {
      plan.handed_on.insert(route.tenant);
    }
  }
  if (tenants.size() <= 1 && others.empty()) {
    plan.handed_on.clear();
    plan.why = "there are no routes yet";
    if (tenants.empty()) return plan;
    plan.tenant = *tenants.begin();
    plan.why = "every route leads to wasm of namespace '" + plan.tenant + "'";
    return plan;
  }
  plan.mode = ListenerPlan::Mode::kFront;
  if (tenants.size() > 1) {
    plan.why = "routes of " + std::to_string(tenants.size()) + " namespaces share it";
  }
  for (const std::string& other : others) {
    plan.why += (plan.why.empty() ? "routes lead to class " : "; class ") + other;
  }
  return plan;
}

}  // namespace strata::manager
