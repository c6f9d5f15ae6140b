// sandbox/oci/guest/server_run.h - the image's own program, run as a server: started, its output
// taken to the log, asked to end and then made to end.
//
//   Sandbox::Serve --> ServerRun::Run --> Bundle::Start (worker) ... pipes --> LogSink
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   as OciCall: only what is not the guest's doing; everything else is the Exit.
#pragma once

#include "sandbox/call/helper.h"
#include "sandbox/call/log_lines.h"
#include "sandbox/driver.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/guest/output.h"
#include "sandbox/oci/guest/running_guest.h"
#include "sandbox/oci/network.h"
#include "sandbox/oci/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::oci {

class ServerRun {
 public:
  ServerRun(Shared& shared, Bundle& bundle, Network& network, const Spec& spec);

  Task<model::Exit> Run();
  void Stop() noexcept;

  // The guest can be entered: dialled, and other programs started in it.
  [[nodiscard]] bool entered() const noexcept { return guest_.running() && guest_.found(); }

 private:
  Task<model::Exit> Supervise();
  Awaitable<void> KillAfterGrace();

  Shared& shared_;
  Bundle& bundle_;
  Network& network_;
  const Spec& spec_;
  LogLines lines_;
  LogLines errors_;
  WakeEvent event_;
  Descriptor out_;
  Descriptor err_;
  RunningGuest guest_;
  bool stop_ = false;
  bool stopping_ = false;  // told to end
  Helper out_helper_;
  Helper err_helper_;
  Helper grace_;
};

}  // namespace strata::sandbox::oci
