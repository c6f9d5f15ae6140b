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

using Mode = model::DirGrant::Mode;

bool IsOf(const model::DirGrant& dir, const GivenVolume& volume) {
  return dir.mode == volume.mode && dir.host == volume.image;
}

bool IsGiven(const model::DirGrant& dir, const AllowedPaths& allowed,
             const std::string& scratch_root) {
  switch (dir.mode) {
    case Mode::kScratch:
      if (dir.size.count == 0) return !scratch_root.empty();
      return std::ranges::any_of(allowed.scratch,
                                 [&dir](const auto& given) { return given.size == dir.size; });
    case Mode::kVolume:
    case Mode::kVolumeReadOnly:
      return std::ranges::any_of(allowed.volumes, [&](const auto& v) { return IsOf(dir, v); });
    case Mode::kReadOnly:
    case Mode::kReadWrite:
      break;
  }
  return Reachable(dir.host, allowed.read_only) || Reachable(dir.host, allowed.read_write);
}

}  // namespace

route::PlanSpec ToPlanSpec(Configure message) {
  route::PlanSpec spec;
  spec.generation = message.generation;
  for (Function& function : message.functions) {
    spec.functions.push_back({std::move(function.tenant), std::move(function.name),
                              std::move(function.sandbox_class), function.revision,
                              std::move(function.target), std::move(function.module),
                              function.service, function.priority, function.limits,
                              std::move(function.env), std::move(function.grants)});
  }
  for (Route& route : message.routes) {
    route::Rule rule{std::move(route.host),    std::move(route.path), std::move(route.methods), {},
                     std::move(route.headers), std::move(route.split)};
    for (const Backend& backend : route.backends) {
      rule.backends.push_back({backend.function, backend.weight, backend.named});
    }
    rule.refused = route.refused;
    if (route.mirror) rule.mirror = route::Mirror{route.mirror->function, route.mirror->percent};
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
      if (IsGiven(dir, allowed, scratch_root)) continue;
      return missing(dir.mode == Mode::kScratch ? "a scratch directory" : dir.host);
    }
  }
  for (const GivenVolume& volume : allowed.volumes) {
    const auto names = [&volume](const Function& function) {
      return std::ranges::any_of(function.grants.dirs,
                                 [&volume](const auto& dir) { return IsOf(dir, volume); });
    };
    if (std::ranges::any_of(message.functions, names)) continue;
    return Fail(Errc::kFailedPrecondition,
                "this cell has " + volume.image + ", which is not named");
  }
  return {};
}

}  // namespace strata::cell
