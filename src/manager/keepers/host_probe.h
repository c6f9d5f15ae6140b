// manager/keepers/host_probe.h - what this host can enforce and which classes it has, for the API.
// A keeper finds it out by trying (strata-keeper --probe), in a process of its own: it takes
// seconds.
//
//   GET /v1/probe, Choose, KeepSlos --> [ HostProbe ] --> strata-keeper --probe
//
// Threads: the manager's loop. Lifetime: context outlives it. What was found is remembered: the
// classes that are there for good, those that are missing until they may have been installed since.
// Errors: kUnavailable: the program does not end properly, or not in a minute; asked again then.
// Tested by host_probe_test.cc, with the real program by tests/e2e/api_tls_test.py.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/clock.h"
#include "base/text/json.h"
#include "manager/cells/cell_process.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::manager {

// Why the host of this answer has not the class, as trying it said; nothing: it has it.
std::optional<std::string> WhyLacking(const Json& found, model::Class sandbox_class);

class HostProbe {
 public:
  explicit HostProbe(CellContext& context) : context_(context), asking_(context.loop, 1) {}

  static constexpr std::chrono::seconds kAskAgain{60};

  // {"checks": [...], "classes": [...]}, as the keeper prints it. An answer that lacks one of
  // `wanted` is asked for again once it is older than kAskAgain, and stands if that fails.
  Task<Json> Found(scheduler::ClassSet wanted);

  // Whether Found has an answer already.
  [[nodiscard]] bool known() const noexcept { return found_.has_value(); }

 private:
  [[nodiscard]] bool Stands(scheduler::ClassSet wanted) const;
  Task<Json> Ask();

  CellContext& context_;
  Turns asking_;
  std::optional<Json> found_;
  TimePoint asked_at_;  // that, or in vain since
};

}  // namespace strata::manager
