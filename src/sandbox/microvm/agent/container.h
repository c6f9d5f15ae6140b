// sandbox/microvm/agent/container.h - the container of a machine whose programs run in one: an OCI
// runtime, which the initial file system has, makes what the driver's JSON says.
//
//   kStart with `container` --> Child::Start --> [ command line ] --> runtime run, runtime exec
//
// There is one container at a time: that of kMain. Programs beside it are started in it.
//
// Threads: one. Errors: FailErrno's codes.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {

// Whether programs of this machine run in a container.
bool HasContainers();

// One program of the container as the runtime knows it, by files of its own.
class Contained {
 public:
  // Writes down what `program` is: the first one also removes what the last container left.
  static Result<Contained> Make(const Program& program);

  // How to call the runtime, which ends well when the program runs; its parent is the agent then.
  [[nodiscard]] std::vector<std::string> Command() const;

  // Where the runtime will hand over the program's terminal, which it makes inside; before it is
  // called. It has handed it over when it has ended well.
  Result<Fd> Listen();

  // In this machine's numbers; zero: it has not been started.
  [[nodiscard]] pid_t pid() const;

  // What the runtime complained about last; empty: nothing.
  [[nodiscard]] std::string Complaint() const;

  // Removes its files; of kMain, everything.
  void Forget() const;

 private:
  explicit Contained(unsigned beside) : beside_(beside) {}
  [[nodiscard]] std::string File(const char* what) const;

  unsigned beside_;  // zero: kMain
  bool terminal_ = false;
};

// The outer side of the terminal that was handed over.
Result<Fd> TakeConsole(const Fd& listening);

// Gives the container that `pid` is a process of another host name; the machine keeps its own.
Result<void> RenameContainer(pid_t pid, const std::string& hostname);

}  // namespace strata::sandbox::microvm::agent
