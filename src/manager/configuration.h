// manager/configuration.h - what the cells of one tenant should serve, derived from the store.
//
//   store (revisions, routes) --> [ BuildConfiguration ] --> cell::Configure + module keys -->
//   cells
//
// Pure. A configuration is complete: cells get the whole of it each time and switch at once.
// Tested by manager/configuration_test.cc.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cell/messages.h"
#include "model/conflicts.h"
#include "model/revision.h"
#include "model/values.h"

namespace strata::manager {

struct Configuration {
  cell::Configure message;           // generation is filled in by whoever sends it
  std::vector<std::string> modules;  // keys that the cells must hold, without repeats
  std::set<std::string> read_only;   // host directories that the cells must be able to read
  bool scratch = false;              // some function has a scratch grant
};

// A revision that can be called.
struct Runnable {
  model::Revision revision;
  model::Class sandbox_class = model::Class::kWasm;
  std::string module;  // the key of its native code, or of its image in a keeper
};

// The key of a workload's native code on the wire and in the cache.
std::string ModuleKey(std::string_view artifact_digest, std::string_view engine_key);

// The configuration of `tenant`. A route to a name that has no revision is left out (the store does
// not let that happen).
Configuration BuildConfiguration(std::string_view tenant, std::span<const Runnable> runnable,
                                 std::span<const model::RouteEntry> routes,
                                 const cell::Observe& observe);

}  // namespace strata::manager
