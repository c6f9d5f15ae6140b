// manager/keepers/host_probe.h - what this host can enforce and which classes it has, for the API.
// A keeper finds it out by trying (strata-keeper --probe), in a process of its own: it takes
// seconds.
//
//   GET /v1/probe, Choose, KeepSlos --> [ HostProbe ] --once--> strata-keeper --probe
//
// Threads: the manager's loop. Lifetime: context outlives it. Found once, then remembered.
// Errors: kUnavailable: the program does not end properly, or not in a minute; asked again then.
// Tested by tests/e2e/api_tls_test.py.
#pragma once

#include <optional>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/text/json.h"
#include "manager/cells/cell_process.h"

namespace strata::manager {

class HostProbe {
 public:
  explicit HostProbe(CellContext& context) : context_(context), asking_(context.loop, 1) {}

  // {"checks": [...], "classes": [...]}, as the keeper prints it.
  Task<Json> Found();

 private:
  Task<Json> Ask();

  CellContext& context_;
  Turns asking_;
  std::optional<Json> found_;
};

}  // namespace strata::manager
