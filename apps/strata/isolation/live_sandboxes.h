// apps/strata/isolation/live_sandboxes.h - the servers of `strata measure` in class wasm: sandboxes
// that stay (addressable ones), in the processes of their tenant, each called once.
//
//   ClassPlace::Run --> [ LiveSandboxes ] --> POST /v1/sandboxes, /v1/sandboxes/ID/invoke
//                                         --> /v1/status (pids) --> measure/pss.h
//
// What they use is what the processes grow by, as one has no memory of its own that the kernel
// tells. What the kernel keeps for their mappings is not in it (docs/performance.md has that).
//
// Threads and errors: measure/place.h. kUnsupported also: another machine's, or another user's
// processes. Tested by tests/e2e/measure_test.py.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/session.h"
#include "isolation/classes.h"
#include "measure/place.h"

namespace strata::cli {

class LiveSandboxes {
 public:
  // `session` outlives it. `workload`: a bare module.
  LiveSandboxes(Session& session, ClassWorkload workload)
      : session_(session), workload_(std::move(workload)) {}

  // So many in all; one that was ended in between is missed by nobody.
  Result<measure::Density> Grow(std::uint64_t instances);
  // All of them, and what a killed run left.
  Result<void> End();

 private:
  Result<void> Begin();
  Result<void> Add(std::uint64_t count);
  Result<std::vector<pid_t>> Cells();
  Result<double> MemoryMib();

  Session& session_;
  const ClassWorkload workload_;
  std::uint64_t made_ = 0;
  std::vector<pid_t> cells_;  // empty: not deployed
  double before_mib_ = 0;     // of the cells without any
};

}  // namespace strata::cli
