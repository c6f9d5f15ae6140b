// advisor/system.h - an installation of this platform as its API tells it: what it runs, and its
// picture at the three levels of the C4 model that say something of a running system.
//
//   GET /v1/status, /v1/namespaces/... --> Installation --> Roadmap, SystemGraph
//
// Everything drawn is there at the moment of asking: processes, workloads, routes, what workloads
// may reach. Names and addresses are others' words; the exporters escape them.
//
// Threads: pure functions. Tested by system_test.cc and tests/e2e/advisor_test.py.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "advisor/graph/answers.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {

struct Installation {
  Json status;                  // as GET /v1/status answers
  std::vector<Json> resources;  // each as GET /v1/namespaces/{namespace}/{kind}/{name} answers

  // How many Functions and Services are deployed in each class.
  [[nodiscard]] std::map<model::Class, int> Workloads() const;
};

// C4's own words: a container is a process here, a component what runs in it.
enum class C4Level : std::uint8_t { kContext, kContainer, kComponent };

// "context", "container" or "component". kNotFound, with the nearest.
Result<C4Level> ParseC4Level(std::string_view name);

// One level, as a graph: types of nodes are "person", "system", "external", "container",
// "database" and "component", layers are boundaries.
Graph SystemGraph(const Installation& installation, C4Level level);

// The report has all three levels; the graph is that of `level`.
GraphAnswer SystemAnswer(const Installation& installation, C4Level level);

}  // namespace strata::advisor
