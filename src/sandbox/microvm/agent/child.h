// sandbox/microvm/agent/child.h - one program in the guest: its group, pipes, user and end.
//
// Threads: one. Errors: kInvalidArgument: nothing to run; FailErrno's codes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "sandbox/microvm/protocol.h"

namespace strata::sandbox::microvm::agent {

class Child {
 public:
  // Starts `program` below kRoot in a group with its limits. A program that is not there ends with
  // exit code 127, as in a shell, and a line on its standard error.
  static Result<Child> Start(const Program& program);

  Fd in;  // our ends of its standard streams, non-blocking; closed by whoever reads them out
  Fd out;
  Fd err;

  // Takes the exit status if the program has ended.
  bool Poll();
  [[nodiscard]] bool ended() const noexcept { return status_.has_value(); }

  // Kills it and all that it started, also what left its session.
  void KillAll() const;

  // After its end: how, and what it used. Removes its group.
  [[nodiscard]] Outcome Finish() const;

 private:
  pid_t pid_ = 0;
  std::optional<int> status_;
  std::string group_;
};

}  // namespace strata::sandbox::microvm::agent
