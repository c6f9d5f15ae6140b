// kube/shim/microvm/programs.h - the programs of one container's machine: their starts, bytes and
// ends.
//
//   MicrovmBackend --> [ Programs ] <--frames--> Machine
//                          '--> SideProgram: bytes between FIFOs and frames
//
// Threads:  the loop's.
// Lifetime: shared with the coroutine that reads the machine's frames until it has ended.
// Errors:   kFailedPrecondition: the program does not start, in the runtime's words; kUnavailable:
//           the machine has ended. Tested by tests/security/hostile_agent_test.cc,
//           tests/kube/microvm_test.py.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "host/process/process.h"
#include "host/process/terminal.h"
#include "kube/shim/task/stdio.h"
#include "sandbox/microvm/guest/side_program.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"

namespace strata::kube::shim {

class Programs : public std::enable_shared_from_this<Programs> {
 public:
  // Of a machine that is awake; nobody else receives its frames.
  static std::shared_ptr<Programs> Begin(std::shared_ptr<sandbox::microvm::Shared> shared,
                                         std::shared_ptr<sandbox::microvm::Machine> machine);
  ~Programs();

  // Knows of a program with copies of `stdio`'s ends. kUnsupported: one of them is a file.
  Result<std::uint32_t> Add(const Stdio& stdio);
  // Has the machine start it; returns once it runs. One beside the first that does not is not known
  // any more: nothing of it is kept open, and what may still begin of it is killed.
  Task<void> Start(std::uint32_t number, const sandbox::microvm::Program& program);
  // Once for each that was added. One that the machine ended with was killed.
  Task<host::ExitStatus> Ended(std::uint32_t number);

  void Signal(std::uint32_t number, int signal);
  void Resize(std::uint32_t number, host::TerminalSize size);

  // Ends the machine now, or, if the guest has not ended the first program, soon.
  void EndMachine() noexcept { machine_->Kill(); }
  void KillFirst();

  [[nodiscard]] sandbox::microvm::Machine& machine() noexcept { return *machine_; }

 private:
  struct Each {
    Each(Loop& loop, std::shared_ptr<sandbox::microvm::SideProgram> streams)
        : side(std::move(streams)), started(loop), ended(loop) {}
    std::shared_ptr<sandbox::microvm::SideProgram> side;
    bool over = false;      // its last frame has come
    bool given_up = false;  // nobody waits for it; it is known until its last frame
    Promise<bool> started;
    Promise<host::ExitStatus> ended;
  };

  Programs(std::shared_ptr<sandbox::microvm::Shared> shared,
           std::shared_ptr<sandbox::microvm::Machine> machine)
      : shared_(std::move(shared)), machine_(std::move(machine)) {}
  static Awaitable<void> Read(std::shared_ptr<Programs> self);
  void Take(sandbox::microvm::Frame frame);
  void GiveUp(std::uint32_t number);
  void BreakAll();

  std::shared_ptr<sandbox::microvm::Shared> shared_;
  std::shared_ptr<sandbox::microvm::Machine> machine_;
  std::map<std::uint32_t, std::shared_ptr<Each>> programs_;
  std::uint32_t next_ = sandbox::microvm::kMain;
  bool over_ = false;  // the machine has ended
  int of_nobody_ = 0;  // frames of programs that are not known
};

}  // namespace strata::kube::shim
