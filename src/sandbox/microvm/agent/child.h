// sandbox/microvm/agent/child.h - one program in the guest: its group, pipes, user and end.
//
//   agent.cc --Start--> [ Child: fork, group, root, user ]            or the runtime in the machine
//            --OnEnd, Finish--> Outcome                               (container.h)
//
// It gets the limits of its group, the capabilities that containers are used to, no new privileges,
// and a session of its own, by which it is ended.
//
// Threads:  one. Lifetime: Finish() when it has ended and its output was read; an object that goes
//           before leaves the program running.
// Errors:   kInvalidArgument: nothing to run; FailErrno's codes. Tested by tests/contract.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/agent/container.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {

class Child {
 public:
  // Starts `program` below kRoot in a group with its limits. The image's own program, if it is not
  // there, ends with exit code 127, as in a shell, and a line on its standard error; any other is
  // kFailedPrecondition. One that belongs in the container (Program::container) is started by the
  // runtime, for which this waits up to ten seconds; kFailedPrecondition, whichever it is, if it
  // does not start. Nothing is left of what fails.
  // `beside`: the program whose group it joins, if it is to; its limits are then that group's.
  static Result<Child> Start(const Program& program, const Child* beside);

  // Our ends of its standard streams, non-blocking; closed by whoever reads them out. At a terminal
  // `in` and `out` are both its outer side, and there is no `err`.
  Fd in;
  Fd out;
  Fd err;

  // A process of the guest has ended with `status`; perhaps it was this program.
  void OnEnd(pid_t pid, int status) {
    if (pid == pid_) status_ = status;
  }
  [[nodiscard]] bool ended() const noexcept { return status_.has_value(); }

  // Asks it to end; of one beside another, all of its session.
  void Terminate() const;
  // Kills it and all that it started; of one beside another, what has not left its session.
  void KillAll() const;
  // Sends it `signal`, it alone; after its end: nothing.
  void Signal(int signal) const;
  void Resize(TerminalSize size) const;

  // Its container, if it has one, has another host name from now on.
  [[nodiscard]] Result<void> Rename(const std::string& hostname) const;

  // After its end: how, and what it used. Removes its group.
  [[nodiscard]] Outcome Finish() const;

 private:
  Result<void> Run(const Program& program);
  Result<void> RunContained(const Program& program);
  // Leaves nothing of what did not start well.
  void Discard() const;

  pid_t pid_ = 0;
  pid_t session_ = 0;
  std::optional<int> status_;
  std::string group_;
  bool own_group_ = true;
  bool terminal_ = false;
  std::optional<Contained> contained_;
};

}  // namespace strata::sandbox::microvm::agent
