// sandbox/oci/guest/running_guest.h - a guest from its runtime's start to its end: waits for both,
// says how it ended, and ends it.
//
// Threads:  the loop's. Lifetime: shared and bundle outlive it; not to be destroyed while
//           running(). Once.
// Errors:   in ended(): what Bundle::Guest and Bundle::CheckRuntime fail with.
// Tested by tests/contract.
#pragma once

#include <optional>

#include "host/process/process.h"
#include "model/values.h"
#include "sandbox/call/helper.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::oci {

class RunningGuest {
 public:
  RunningGuest(Shared& shared, Bundle& bundle) : shared_(shared), bundle_(bundle) {}

  // Begins to wait; `changed` is woken when the guest has been found, and when it has ended.
  void Begin(host::Process runtime, WakeEvent& changed);

  [[nodiscard]] bool running() const noexcept { return watch_.running(); }

  // The guest's first process is there: it can be entered, and asked to end.
  [[nodiscard]] bool found() const noexcept { return found_; }

  // Once it is not running any more: how it ended, or why there was none.
  [[nodiscard]] const std::optional<Result<host::ExitStatus>>& ended() const noexcept {
    return ended_;
  }

  // Kills everything in the container, also what is only being started.
  void KillAll();

  // SIGTERM to its first process.
  void Terminate();

  // The exit of a guest that has ended, without its usage. `condemned`: somebody else decided its
  // end, so a runtime that was killed has not failed; `out_of_memory`: its group killed something.
  Result<model::Exit> TakeExit(bool condemned, bool out_of_memory);

 private:
  Awaitable<void> Watch(WakeEvent& changed);

  Shared& shared_;
  Bundle& bundle_;
  std::optional<host::Process> runtime_;
  std::optional<host::Process> guest_;
  std::optional<Result<host::ExitStatus>> ended_;
  bool found_ = false;
  bool doomed_ = false;
  Helper watch_;
};

}  // namespace strata::sandbox::oci
