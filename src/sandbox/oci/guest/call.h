// sandbox/oci/guest/call.h - one running call: starts the container, unless it waits already, moves
// bytes between it and the HTTP exchange, and ends it when it must end.
//
//   Sandbox::Invoke --> OciCall::Run --> StartedGuest ... pipes <-> CallIo
//
// Three coroutines run beside it: body to stdin, stdout to the response, stderr to the log; and its
// RunningGuest waits for the runtime and then for the guest. It looks at deadline, client and CPU
// time every Config::tick.
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   only what is not the guest's doing; everything else is the Exit.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/async/turns.h"
#include "sandbox/call/call_io.h"
#include "sandbox/call/cgi.h"
#include "sandbox/call/cpu_watch.h"
#include "sandbox/call/helper.h"
#include "sandbox/call/log_lines.h"
#include "sandbox/driver.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/guest/started_guest.h"
#include "sandbox/oci/network.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

class OciCall {
 public:
  // `guest`: one at its gate, or one that is to be started.
  OciCall(Shared& shared, Bundle& bundle, Network& network, const Spec& spec, Call& call,
          std::unique_ptr<StartedGuest> guest);

  // Fails with what Bundle::Start and Bundle::Guest fail with. `usage` of the Exit counts from the
  // call's start, but for the memory peak.
  Task<model::Exit> Run();

  void Stop() noexcept;

 private:
  [[nodiscard]] model::Env Environment() const;
  Task<model::Exit> Supervise();
  Task<void> Begin();
  Awaitable<void> RunUntilOver();
  Awaitable<void> Join();
  bool Over() const noexcept;
  bool MustEnd();
  Result<model::Exit> Finish();

  Awaitable<void> Feed();
  Awaitable<bool> WriteInput(std::span<const std::byte> bytes);
  Awaitable<void> Answer();
  Awaitable<void> Tick();

  Shared& shared_;
  Bundle& bundle_;
  Network& network_;
  const Spec& spec_;
  Call& call_;
  CallIo io_;
  CgiOutput output_;
  LogLines errors_;
  Timer timer_;
  std::unique_ptr<StartedGuest> started_;
  std::string opening_;  // what a guest at its gate is told first
  bool warm_ = false;
  bool stop_ = false;
  TimePoint start_;
  TimePoint due_;
  std::optional<Turns::Turn> turn_;  // while the runtime starts
  CpuWatch cpu_;
  host::CgroupUsage before_;
  host::CgroupUsage after_;

  Helper feed_;
  Helper answer_;
  Helper log_;
  Helper tick_;
};

}  // namespace strata::sandbox::oci
