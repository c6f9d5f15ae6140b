// isolation.h - `strata probe --isolation`: deploys the isolation battery in every class through
// the API, calls every scenario, judges, and removes it again.
#pragma once

#include <string>
#include <vector>

#include "session.h"

namespace strata::cli {

struct IsolationFlags {
  bool wanted = false;
  std::vector<std::string> classes;    // empty: all four
  std::vector<std::string> scenarios;  // empty: all
  std::string through = "call";        // battery.h
  std::string native;  // a file: {"<scenario>": {"outcome", "evidence"}}; empty: none
};

void ProbeIsolation(Session& session, const IsolationFlags& flags);

}  // namespace strata::cli
