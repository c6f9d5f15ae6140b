// manager/cells/configuration.h - what cells should serve, and which of them has the listener,
// derived from the store.
//
//   store (revisions, routes) --> [ PlanListener, Build... ] --> cell::Configure, module keys
//
// Pure. A configuration is complete: cells get the whole of it each time and switch at once.
// Tested by manager/cells/configuration_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cell/wire/messages.h"
#include "model/revision.h"
#include "model/traffic/conflicts.h"
#include "model/values.h"

namespace strata::manager {

inline constexpr std::chrono::hours kLongestTimeout{24};  // that a manifest may ask for

// What cells must be able to reach from their start on.
struct CellNeeds {
  std::set<std::string> read_only;  // host directories
  bool scratch = false;             // some function has a scratch grant without a bound
  std::set<std::pair<std::string, model::DirGrant::Mode>> volumes;  // the image, and how
  std::map<std::uint64_t, std::uint32_t> bounded;  // by bytes: scratch directories at a time
};

struct Configuration {
  cell::Configure message;           // generation is filled in by whoever sends it
  std::vector<std::string> modules;  // keys that the cells must hold, without repeats
  CellNeeds needs;
};

// A revision as one form of its workload; the class that it runs in is in its placement.
struct Form {
  model::Revision revision;
  model::Target target;
};

// A revision that can be called, and as which form of its workload.
struct Runnable {
  model::Revision revision;
  model::Target target;
  model::Class sandbox_class = model::Class::kWasm;
  std::string module;  // the key of its native code, or of its image in a keeper
};

// Which form of which workload: tenant, name, target.
using FormName = std::tuple<std::string, std::string, model::Target>;

// A form that could not be made ready, and the error that says why.
struct LeftOut {
  std::string tenant;
  std::string name;
  std::uint64_t revision = 0;
  model::Class sandbox_class = model::Class::kWasm;
  std::string because;
  bool for_good = false;  // another try would fail the same

  friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

// What a workload is placed in now: where cells have it, and its module key.
struct Current {
  std::uint32_t index = 0;
  std::string module;
};

// The key of a workload's native code on the wire and in the cache.
std::string ModuleKey(std::string_view artifact_digest, std::string_view engine_key);

// Who accepts on the public listener. Direct: the host cells of one tenant, which parse, route and
// run without a hop; possible while every route leads to wasm of that tenant. Else fronts.
struct ListenerPlan {
  enum class Mode : std::uint8_t { kDirect, kFront };
  Mode mode = Mode::kDirect;
  std::string tenant;               // kDirect only: whose; empty: nobody has routes
  std::set<std::string> handed_on;  // kFront only: tenants whose cells get requests from fronts
  std::string why;                  // for people
};

std::string_view ModeName(ListenerPlan::Mode mode) noexcept;  // "direct", "front"

ListenerPlan PlanListener(std::span<const Runnable> runnable,
                          std::span<const model::RouteEntry> routes);

// What fronts serve: every route, of all tenants. Functions of class wasm are handed on, the others
// are reached through their keepers' lines. `refused`, here and below: forms that are left out for
// good.
Configuration BuildFrontConfiguration(std::span<const Runnable> runnable,
                                      std::span<const model::RouteEntry> routes,
                                      const cell::Observe& observe,
                                      const std::set<FormName>& refused = {});

// The configuration of `tenant`. A backend that cannot be called is left out; a route may have none
// then, and its requests are told to come again, unless all that had a weight is refused.
Configuration BuildConfiguration(std::string_view tenant, std::span<const Runnable> runnable,
                                 std::span<const model::RouteEntry> routes,
                                 const cell::Observe& observe,
                                 const std::set<FormName>& refused = {});

}  // namespace strata::manager
