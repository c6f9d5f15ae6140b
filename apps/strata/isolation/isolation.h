// apps/strata/isolation/isolation.h - `strata probe --isolation`: deploys the isolation battery in
// every class through the API, calls every scenario, judges, and removes it again.
//
//   scenarios.json --> [ TryIsolation ] --Battery--> API --> guests;  Judge --> the matrix
//
// A class that the server does not have is named with the reason, and no failure unless it was
// asked for or is the last one: a gate that tried nothing must not open. What is tried and what
// counts as held is measure/isolation.h's.
//
// Threads:  one; takes minutes at worst: a scenario may have to be ended by its time limit.
// Errors:   those of the API; kInvalidArgument: no such class, scenario or way.
// Tested by tests/security/isolation_test.py.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "client/session.h"

namespace strata::cli {

struct IsolationFlags {
  bool wanted = false;
  std::vector<std::string> classes;    // empty: all
  std::vector<std::string> scenarios;  // empty: all
  std::string through = "call";        // battery.h
  std::string native;  // a file: {"<scenario>": {"outcome", "evidence"}}; empty: none
};

// The matrix: {"scenarios": [{"id", "title", "outcomes": {CLASS: verdict}, "cve"?}], "lacking":
// {CLASS: why}, "through"}. `stopped`: asked between two scenarios; then it removes what it has
// deployed and fails with kUnavailable.
Result<Json> TryIsolation(Session& session, const IsolationFlags& flags,
                          const std::function<bool()>& stopped = {});

// Prints the matrix, with the outcomes of `native` in it. Exit code 1: a guest got further than its
// class allows.
void ProbeIsolation(Session& session, const IsolationFlags& flags);

}  // namespace strata::cli
