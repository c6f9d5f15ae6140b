// sandbox/oci/guest/execution.h - a program beside a container's server: waited for, and ended with
// all of its session when nobody is there for it any more.
//
//   OciSandbox::Exec --> Bundle::Exec (worker) --> [ OciExecution ] --signals--> its session
//
// Threads:  the loop's; signals are sent by the worker. Lifetime: the sandbox, whose bundle this
//           uses, outlives Wait().
// Tested by tests/contract.
#pragma once

#include <memory>
#include <string>

#include "base/files/fd.h"
#include "host/process/process.h"
#include "sandbox/driver.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

class OciExecution final : public Execution, public std::enable_shared_from_this<OciExecution> {
 public:
  // `name`: what `bundle` knows it by; `words`: what to call it. `terminal`: the inner side of its
  // terminal, if it has one.
  OciExecution(Shared& shared, Bundle& bundle, std::string name, std::string words,
               host::Process runtime, Fd terminal);

  Task<int> Wait() override;
  void Resize(host::TerminalSize size) noexcept override;
  void End() noexcept override;

 private:
  Awaitable<void> EndInSteps(std::shared_ptr<OciExecution> self);
  Awaitable<void> Pause(Duration duration);
  void Signal(int signal);

  Shared& shared_;
  Bundle& bundle_;
  const std::string name_;
  const std::string words_;
  host::Process runtime_;  // lives as long as the program
  Fd terminal_;
  Timer timer_;
  bool ending_ = false;
  bool over_ = false;
};

}  // namespace strata::sandbox::oci
