// kube/shim/task/backend.h - how the processes of a container are made, and what of it is on the
// host: implementations for the sandbox classes (oci_backend.h, wasm/backend.h). States, streams
// and events are the same for all (container.h).
//
// Threads: the loop's; one call at a time, but Kill may come during any other. Lifetime: outlives
// its calls; the owner calls Remove before the end, also after a Make that failed.
// Errors: kUnsupported: this class cannot; else the implementation's own.
#pragma once

#include "base/async/task.h"
#include "host/cgroup/cgroup.h"
#include "kube/shim/task/container_process.h"

namespace strata::kube::shim {

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // The first process, which waits before its program. The root is mounted and `first`'s streams
  // are open.
  virtual Task<void> Make(ContainerProcess& first) = 0;
  // Has it run its program.
  virtual Task<void> Start() = 0;
  // Another process beside it, as ContainerProcess::spec says.
  virtual Task<void> Exec(ContainerProcess& exec) = 0;
  // Sends `signal` to a process that runs: the first one, or one beside it.
  virtual Task<void> Kill(ContainerProcess& process, int signal) {
    auto sent = process.process->Kill(signal);
    co_return sent;
  }
  // How a process that was made ends. Once for each.
  virtual Task<host::ExitStatus> Ended(ContainerProcess& process) {
    auto ended = co_await process.process->Wait();
    co_return ended;
  }
  virtual Result<void> Resize(ContainerProcess& process, host::TerminalSize size) {
    return process.console ? process.console->Resize(size) : Result<void>();
  }
  // Whether the members of its group are its programs, and take signals one by one.
  [[nodiscard]] virtual bool members_are_programs() const noexcept { return true; }
  // New limits: "linux.resources" of the OCI runtime specification.
  virtual Task<void> Update(std::string resources) = 0;
  // Ends and removes everything but the mounted root. Again: does nothing.
  virtual Task<void> Remove() = 0;

  // Null: it has none of its own, or is not made.
  [[nodiscard]] virtual host::Cgroup* group() const noexcept = 0;
};

}  // namespace strata::kube::shim
