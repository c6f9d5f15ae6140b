// isolation.h - `strata probe --isolation`: deploys the isolation battery in every class through
// the API, calls every scenario, judges, and removes it again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "session.h"

namespace strata::cli {

struct IsolationFlags {
  bool wanted = false;
  std::vector<std::string> classes;    // empty: all four
  std::vector<std::string> scenarios;  // empty: all
  std::string through = "call";        // battery.h
  std::string native;  // a file: {"<scenario>": {"outcome", "evidence"}}; empty: none
};

// The matrix: {"scenarios": [{"id", "title", "outcomes": {CLASS: verdict}, "cve"?}], "lacking":
// {CLASS: why}, "through"}. `stopped`: asked between two scenarios; then it removes what it has
// deployed and fails with kUnavailable.
Result<Json> TryIsolation(Session& session, const IsolationFlags& flags,
                          const std::function<bool()>& stopped = {});

void ProbeIsolation(Session& session, const IsolationFlags& flags);

}  // namespace strata::cli
