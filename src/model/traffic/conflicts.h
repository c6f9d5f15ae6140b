// model/traffic/conflicts.h - the routes that resources ask for, and who may have them.
//
//   store::Apply --> [ RoutesOf, CheckRoutes ] --> routes of the one transaction --> cells
//
// A trigger is shorthand for a route with one backend. Two resources may not own one host + path +
// headers + method, of whatever tenants they are; "every method" overlaps with each.
//
// Threads: values and pure functions. Tested by model/traffic/conflicts_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

namespace strata::model {

// One line of the route table.
struct RouteEntry {
  std::string host;                  // "*" or an exact name
  std::string path;                  // normalised prefix
  std::vector<std::string> methods;  // empty: every method
  std::string tenant;
  std::vector<Backend> backends;
  ResourceKey owner;                 // the Function, Service or Route that asked for it
  std::vector<HeaderMatch> headers;  // sorted by name; all of them must be there
  std::string split;                 // the header that requests are told to backends by; or empty
  std::optional<Mirror> mirror;
  std::vector<std::size_t> shares;  // of `backends`: sides of a rollout (model/traffic/rollout.h)
  friend bool operator==(const RouteEntry&, const RouteEntry&) = default;
};

// Whether the route itself names the form that backends[backend] leads to: that has those calls
// wherever the workload's traffic goes.
bool NamesForm(const RouteEntry& route, std::size_t backend);

// The routes that one resource asks for.
std::vector<RouteEntry> RoutesOf(const Resource& resource);

// Both match some request of the same host and path.
bool Overlap(const RouteEntry& a, const RouteEntry& b) noexcept;

// Checks `candidate` against routes that are already there. Fails with kFailedPrecondition when
// one of another owner overlaps (the message names both owners and the method).
Result<void> CheckRoute(const RouteEntry& candidate, std::span<const RouteEntry> existing);

// The whole table of `resources`, sorted by host, path, owner; or the first conflict in it.
Result<std::vector<RouteEntry>> BuildRoutes(std::span<const Resource> resources);

}  // namespace strata::model
