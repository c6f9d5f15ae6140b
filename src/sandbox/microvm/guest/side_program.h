// sandbox/microvm/guest/side_program.h - a program beside a machine's server: bytes between our
// descriptors and its standard streams, until it ends.
//
//   descriptors <-- SideProgram <--frames of its number-- MicrovmServer (reads them all)
//
// Threads:  the loop's. Lifetime: shared with the coroutines that move the bytes.
// Errors:   as Execution. What a hostile agent does: tests/security/hostile_agent_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/promise.h"
#include "base/async/task.h"
#include "sandbox/driver.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox::microvm {

class SideProgram final : public Execution, public std::enable_shared_from_this<SideProgram> {
 public:
  SideProgram(std::shared_ptr<Shared> shared, std::shared_ptr<Machine> machine,
              std::uint32_t number, sandbox::Program streams);

  // Begins to move bytes; the program has been asked for, and may have ended since.
  void Begin();

  // Takes a frame of this program. True: it was the last. More output than there is credit for ends
  // the machine.
  bool Take(Frame frame);

  // The machine is gone, or the program is given up; of one that has not begun nothing is kept
  // open.
  void Break();

  // How it ended is known, or it was given up.
  [[nodiscard]] bool over() const noexcept { return over_; }

  // Once all that it printed has been taken.
  Task<int> Wait() override;
  void Resize(host::TerminalSize size) noexcept override;
  void End() noexcept override;
  // From now on it is ended once its input has: nobody is there for what it would do then.
  void EndWithInput() noexcept;

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  // One of its outputs on its way to a descriptor.
  struct Output {
    explicit Output(Loop& loop) : to(loop.get_executor()), changed(loop) {}
    Descriptor to;
    WakeEvent changed;
    std::string pending;
  };

  static Awaitable<void> Feed(std::shared_ptr<SideProgram> self);
  static Awaitable<void> Drain(std::shared_ptr<SideProgram> self, Output& output);
  static Awaitable<void> EndInSteps(std::shared_ptr<SideProgram> self);
  void TakeOutput(Output& output, std::string_view bytes);
  void Finish(Result<int> status);
  void Taken(std::size_t count);

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Machine> machine_;
  const std::uint32_t number_;
  Descriptor in_;
  WakeEvent credited_;
  std::size_t credit_ = kWindow;
  Output out_;
  Output err_;
  Timer grace_;
  bool begun_ = false;
  int draining_ = 2;
  bool ending_ = false;
  bool ends_with_input_ = false;
  bool fed_ = false;  // its input has ended
  bool over_ = false;
  Result<int> status_ = 0;
  Promise<int> done_;
};

}  // namespace strata::sandbox::microvm
