#include "cell/configuration.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace strata::cell {
namespace {

// `path` is `directory` or lies below it. Both are absolute and hold no "..", which the manifest's
// validation refuses; Landlock decides in the end.
bool IsBelow(std::string_view path, std::string_view directory) {
  if (directory.ends_with('/')) directory.remove_suffix(1);
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

bool Reachable(std::string_view path, const std::vector<std::string>& allowed) {
  return std::ranges::any_of(allowed, [path](const auto& dir) { return IsBelow(path, dir); });
}

}  // namespace

route::PlanSpec ToPlanSpec(Configure message) {
  route::PlanSpec spec;
  spec.generation = message.generation;
  for (Function& function : message.functions) {
    spec.functions.push_back({std::move(function.tenant), std::move(function.name),
                              std::move(function.sandbox_class), function.revision,
                              std::move(function.module), function.service, function.limits,
                              std::move(function.env), std::move(function.grants)});
  }
  for (Route& route : message.routes) {
    route::Rule rule{std::move(route.host), std::move(route.path), std::move(route.methods), {}};
    for (const Backend& backend : route.backends) {
      rule.backends.push_back({backend.function, backend.weight});
    }
    spec.rules.push_back(std::move(rule));
  }
  spec.observe = {message.observe.access_log, message.observe.metering, message.observe.trace_ratio,
                  message.observe.server_timing};
  return spec;
}

Result<void> CheckGrants(const Configure& message, const AllowedPaths& allowed,
                         const std::string& scratch_root) {
  for (const Function& function : message.functions) {
    const auto missing = [&function](const std::string& what) {
      return Fail(Errc::kFailedPrecondition,
                  function.tenant + "/" + function.name + ": this cell may not reach " + what);
    };
    if (function.sandbox_class != "wasm") continue;  // its keeper shows it the directories
    for (const model::DirGrant& dir : function.grants.dirs) {
      if (dir.mode == model::DirGrant::Mode::kScratch) {
        if (scratch_root.empty()) return missing("a scratch directory");
      } else if (!Reachable(dir.host, allowed.read_only) &&
                 !Reachable(dir.host, allowed.read_write)) {
        return missing(dir.host);
      }
    }
  }
  return {};
}

}  // namespace strata::cell
