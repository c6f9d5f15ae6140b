// apps/strata/isolation/battery.h - the isolation battery as it is deployed in one class, and the
// ways to run one of its scenarios there.
//
//   isolation.h --> [ Battery ] --classes.h, remote_program.h--> API --> a guest --> Observation
//
// Threads:  one; blocks. Lifetime: session and plants outlive it; what Deploy made stays until
//           Remove, which the owner calls also after a failure.
// Errors:   what the API refuses with; what becomes of a guest is an Observation. A guest that was
//           lost, with nobody to say how, is not taken for one that was held.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isolation/classes.h"
#include "isolation/plants.h"
#include "measure/isolation.h"

namespace strata::cli {

// How a scenario is started in its sandbox.
enum class Through : std::uint8_t {
  kCall,    // as the program of a call of a Function
  kServer,  // by a server that is started once, for each request
  kExec,    // as a further program beside a Service's server
  kCopy,    // the same, in a fork of a saved Service
};
// "call", "server", "exec", "copy". kInvalidArgument: another.
Result<Through> ParseThrough(std::string_view name);

class Battery {
 public:
  Battery(Session& session, Through through, model::Class sandbox_class, const Plants& plants);

  // As the API refuses; nothing is left then.
  Result<void> Deploy();
  Result<void> Remove();

  // Whether it makes sense to try it so: limits of a call end calls only.
  [[nodiscard]] bool Takes(const measure::Scenario& scenario) const;
  measure::Observation Try(const measure::Scenario& scenario);

 private:
  Result<void> MakeCopy();
  measure::Observation TryCall(const measure::Scenario& scenario);
  measure::Observation TryProgram(const measure::Scenario& scenario);
  measure::Observation TryCompiling();

  Session& session_;
  const Through through_;
  const model::Class class_;
  ClassWorkload workload_;
  std::string copy_;  // the sandbox that is one
};

}  // namespace strata::cli
