// sandbox/microvm/guest/server_run.h - the image's own program, run as a server in a machine:
// restored, started, its output taken to the log, asked to end and then made to end; and programs
// beside it.
//
//   Sandbox::Serve --> MicrovmServer::Run --> Restore, kStart ... frames --> LogSink, SideProgram
//
// Threads:  the loop's. Lifetime: borrowed parts outlive it. Once.
// Errors:   Run: only what is not the guest's doing; everything else is the Exit.
// Tested by tests/contract.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "sandbox/call/helper.h"
#include "sandbox/call/log_lines.h"
#include "sandbox/driver.h"
#include "sandbox/egress/outlet.h"
#include "sandbox/microvm/guest/side_program.h"
#include "sandbox/microvm/image.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::microvm {

class MicrovmServer {
 public:
  MicrovmServer(std::shared_ptr<Shared> shared, std::shared_ptr<MicrovmImage> image,
                const Spec& spec);

  Task<model::Exit> Run();
  void Stop() noexcept;

  // The program runs: others may be started beside it.
  [[nodiscard]] bool entered() const noexcept { return machine_ && reader_.running(); }

  // Of the whole machine. Only while entered().
  [[nodiscard]] Result<host::CgroupUsage> usage() const { return machine_->usage(); }

  // Starts `program` beside it, with the sandbox's variables under its own.
  std::shared_ptr<SideProgram> Start(sandbox::Program program);

  // The whole machine. kFailedPrecondition: it is being saved, paused or resumed now.
  Task<void> SetPaused(bool paused);

  // Everything of the machine, which goes on afterwards. kFailedPrecondition: it is paused, or as
  // SetPaused.
  Task<Fd> Save();

 private:
  Task<model::Exit> Supervise();
  Awaitable<void> Read();
  Result<void> CheckFree() const;
  Task<Fd> SaveAsleep();
  [[nodiscard]] bool TakeMain(const Frame& frame);
  Result<model::Exit> Finish();

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<MicrovmImage> image_;
  const Spec& spec_;
  LogLines lines_;
  LogLines errors_;
  WakeEvent event_;
  Timer timer_;
  std::unique_ptr<egress::Outlet> outlet_;
  std::shared_ptr<Machine> machine_;  // null until it was restored
  std::optional<Result<Outcome>> outcome_;
  std::map<std::uint32_t, std::shared_ptr<SideProgram>> beside_;
  std::uint32_t next_ = kMain + 1;
  bool stop_ = false;
  bool stopping_ = false;  // is to end, and is killed after its grace
  bool asked_ = false;     // its program was told
  bool paused_ = false;
  bool asleep_ = false;  // the agent says nothing
  bool busy_ = false;    // QEMU is being told something
  Helper reader_;
};

}  // namespace strata::sandbox::microvm
