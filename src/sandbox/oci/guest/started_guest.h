// sandbox/oci/guest/started_guest.h - a guest that was started for a call, or before one: then it
// waits at the gate (sandbox/agent_gate.h), and nothing of the program has run.
//
//   OciCall or OciSandbox::Warm --> StartedGuest --> Bundle::Start (worker), RunningGuest
//
// Threads:  the loop's. Lifetime: shared and bundle outlive it; not to be destroyed while
//           guest.running(): End() sees to that. Once.
// Errors:   what Bundle::Start fails with.
// Tested by tests/contract.
#pragma once

#include <memory>

#include "base/async/task.h"
#include "model/values.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/guest/output.h"
#include "sandbox/oci/guest/running_guest.h"
#include "sandbox/oci/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::oci {

class StartedGuest {
 public:
  StartedGuest(Shared& shared, Bundle& bundle);

  // Starts the image's program with `env` over the image's own.
  Task<void> Start(model::Env env, Purpose purpose);

  // After Start with Purpose::kLaterCall: until it waits. Also kInternal: it ended instead, with
  // what it said; kDeadlineExceeded: it took too long.
  Task<void> AwaitGate();

  // Ends what nobody wants, and lets go of it then.
  static void End(std::shared_ptr<Shared> shared, OwnedBundle bundle,
                  std::unique_ptr<StartedGuest> guest);

  WakeEvent event;  // woken when `guest` was found, and when it has ended
  Descriptor in;
  Descriptor out;
  Descriptor err;
  RunningGuest guest;

 private:
  Awaitable<bool> ReadSign();

  Shared& shared_;
  Bundle& bundle_;
};

}  // namespace strata::sandbox::oci
