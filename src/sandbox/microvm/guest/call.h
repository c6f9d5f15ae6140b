// sandbox/microvm/guest/call.h - one running call: restores the machine if there is none yet, runs
// the image's program in it, moves bytes, and ends it when it must end.
//
//   Sandbox::Invoke --> MicrovmCall::Run --> Restore ... frames <-> CallIo
//
// Three coroutines run beside it: one makes the machine and reads its frames (output, log lines,
// credit, exit), one feeds the body within the agent's credit, one looks at deadline, client and
// CPU time every Config::tick. A condemned call kills the machine.
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   only what is not the guest's doing; everything else is the Exit.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "sandbox/call/call_io.h"
#include "sandbox/call/cgi.h"
#include "sandbox/call/cpu_watch.h"
#include "sandbox/call/helper.h"
#include "sandbox/call/log_lines.h"
#include "sandbox/driver.h"
#include "sandbox/egress/outlet.h"
#include "sandbox/microvm/image.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::microvm {

class MicrovmCall {
 public:
  // Whether the machine has waited for this, its first call.
  enum class Waited : bool { kNo, kYes };

  // `machine` and `outlet` are the sandbox's: null before its first call, unless that was waited
  // for.
  MicrovmCall(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
              std::shared_ptr<Machine>& machine, std::unique_ptr<egress::Outlet>& outlet,
              const Spec& spec, Call& call, Waited waited);

  Task<model::Exit> Run();
  void Stop() noexcept;

 private:
  Task<model::Exit> Supervise();
  Task<void> MakeReady();
  bool MustEnd();
  Result<model::Exit> Finish();

  Awaitable<void> Converse();
  Task<Outcome> RunProgram();
  Awaitable<bool> TakeOutput(std::string_view bytes);
  Awaitable<void> Feed();
  Awaitable<void> Tick();

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<MicrovmImage> image_;
  std::shared_ptr<Machine>& machine_;
  std::unique_ptr<egress::Outlet>& outlet_;
  const Spec& spec_;
  Call& call_;
  const Waited waited_;
  CallIo io_;
  CgiOutput output_;
  LogLines errors_;
  WakeEvent event_;
  WakeEvent credited_;
  Timer timer_;

  std::optional<Result<Outcome>> outcome_;
  std::size_t credit_ = kWindow;  // for input
  bool stop_ = false;
  TimePoint start_;
  TimePoint due_;
  CpuWatch cpu_;
  host::CgroupUsage before_;
  host::CgroupUsage after_;

  Helper converse_;
  Helper feed_;
  Helper tick_;
};

}  // namespace strata::sandbox::microvm
