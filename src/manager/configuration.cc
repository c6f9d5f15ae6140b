#include "manager/configuration.h"

#include <map>

namespace strata::manager {
namespace {

cell::Function FunctionFrom(const Runnable& runnable) {
  const model::Revision& revision = runnable.revision;
  cell::Function function;
  function.tenant = revision.tenant;
  function.name = revision.name;
  function.revision = static_cast<std::uint32_t>(revision.number);
  function.sandbox_class = model::ClassName(runnable.sandbox_class);
  function.module = runnable.module;
  // A service in a keeper has its own processes; its calls need no sandbox of the cell's.
  function.service =
      revision.kind == model::Kind::kService && runnable.sandbox_class == model::Class::kWasm;
  function.limits = revision.workload.limits;
  function.env = revision.workload.env;
  function.grants = revision.workload.grants;
  return function;
}

void NoteDirectories(const model::Grants& grants, Configuration& configuration) {
  for (const model::DirGrant& dir : grants.dirs) {
    if (dir.mode == model::DirGrant::Mode::kScratch) {
      configuration.scratch = true;
    } else {
      configuration.read_only.insert(dir.host);
    }
  }
}

}  // namespace

std::string ModuleKey(std::string_view artifact_digest, std::string_view engine_key) {
  return std::string(artifact_digest) + "-" + std::string(engine_key);
}

Configuration BuildConfiguration(std::string_view tenant, std::span<const Runnable> runnable,
                                 std::span<const model::RouteEntry> routes,
                                 const cell::Observe& observe) {
  Configuration built;
  built.message.observe = observe;
  std::map<std::string, std::uint32_t, std::less<>> index_of;
  std::set<std::string> modules;
  for (const Runnable& each : runnable) {
    if (each.revision.tenant != tenant) continue;
    modules.insert(each.module);
    index_of[each.revision.name] = static_cast<std::uint32_t>(built.message.functions.size());
    built.message.functions.push_back(FunctionFrom(each));
    // Other classes' directories are their keeper's to show.
    if (each.sandbox_class == model::Class::kWasm) {
      NoteDirectories(each.revision.workload.grants, built);
    }
  }
  for (const model::RouteEntry& entry : routes) {
    if (entry.tenant != tenant) continue;
    cell::Route route{entry.host, entry.path, entry.methods, {}};
    for (const model::Backend& backend : entry.backends) {
      const auto found = index_of.find(backend.function);
      if (found == index_of.end()) continue;
      route.backends.push_back({found->second, backend.weight});
    }
    if (!route.backends.empty()) built.message.routes.push_back(std::move(route));
  }
  built.modules.assign(modules.begin(), modules.end());
  return built;
}

}  // namespace strata::manager
