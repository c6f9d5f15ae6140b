#include "model/traffic/conflicts.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "model/rules.h"

namespace strata::model {
namespace {

RouteEntry EntryOf(const Resource& resource, const HttpMatch& match,
                   std::vector<Backend> backends) {
  return {match.host,
          match.path,
          match.methods,
          resource.metadata.tenant,
          std::move(backends),
          resource.key(),
          match.headers,
          {},
          {},
          {}};
}

// The methods that both have, for the message: "GET, POST" or "every method".
std::string CommonMethods(const RouteEntry& a, const RouteEntry& b) {
  if (a.methods.empty() && b.methods.empty()) return "every method";
  const std::vector<std::string>& named = a.methods.empty() ? b.methods : a.methods;
  const std::vector<std::string>& other = a.methods.empty() ? a.methods : b.methods;
  std::string text;
  for (const std::string& method : named) {
    if (!other.empty() && std::find(other.begin(), other.end(), method) == other.end()) continue;
    text += (text.empty() ? "" : ", ") + method;
  }
  return text;
}

bool Before(const RouteEntry& a, const RouteEntry& b) {
  return std::tie(a.host, a.path, a.owner, a.methods, a.headers) <
         std::tie(b.host, b.path, b.owner, b.methods, b.headers);
}

}  // namespace

bool NamesForm(const RouteEntry& route, std::size_t backend) {
  return !route.backends[backend].target.current() &&
         std::ranges::find(route.shares, backend) == route.shares.end();
}

std::vector<RouteEntry> RoutesOf(const Resource& resource) {
  if (const auto* route = std::get_if<RouteSpec>(&resource.spec)) {
    RouteEntry entry = EntryOf(resource, route->match, route->backends);
    if (route->split) entry.split = route->split->header;
    entry.mirror = route->mirror;
    return {std::move(entry)};
  }
  const auto* function = std::get_if<FunctionSpec>(&resource.spec);
  const auto& triggers =
      function != nullptr ? function->triggers : std::get<ServiceSpec>(resource.spec).triggers;
  std::vector<RouteEntry> routes;
  for (const HttpMatch& trigger : triggers) {
    routes.push_back(EntryOf(resource, trigger, {Backend{resource.metadata.name, 1}}));
  }
  return routes;
}

bool Overlap(const RouteEntry& a, const RouteEntry& b) noexcept {
  return a.host == b.host && a.path == b.path && a.headers == b.headers &&
         MethodsOverlap(a.methods, b.methods);
}

Result<void> CheckRoute(const RouteEntry& candidate, std::span<const RouteEntry> existing) {
  for (const RouteEntry& other : existing) {
    if (other.owner == candidate.owner || !Overlap(candidate, other)) continue;
    return Fail(Errc::kFailedPrecondition, candidate.owner.ToString() + ": host '" +
                                               candidate.host + "', path '" + candidate.path +
                                               "', " + CommonMethods(candidate, other) +
                                               " already belongs to " + other.owner.ToString());
  }
  return {};
}

Result<std::vector<RouteEntry>> BuildRoutes(std::span<const Resource> resources) {
  std::map<std::pair<std::string, std::string>, std::vector<RouteEntry>> by_place;
  std::vector<RouteEntry> table;
  for (const Resource& resource : resources) {
    for (RouteEntry& route : RoutesOf(resource)) {
      std::vector<RouteEntry>& same_place = by_place[{route.host, route.path}];
      if (auto free = CheckRoute(route, same_place); !free) {
        return std::unexpected(std::move(free).error());
      }
      same_place.push_back(route);
      table.push_back(std::move(route));
    }
  }
  std::sort(table.begin(), table.end(), Before);
  return table;
}

}  // namespace strata::model
