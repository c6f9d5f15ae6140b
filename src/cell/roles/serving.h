// cell/roles/serving.h - the process of a role that serves (host, front): confine, then serve what
// the manager says.
//
//   strata-cell --> [ confine | wire loop | control listener | signals ] --> ServingRole, Cell
//
// The life of the process:
//   1. confines itself (confinement.h), before a byte of configuration is read
//   2. reads Start from the wire, has the role begin, answers Ready
//   3. serves; messages change what
//   4. the manager dies: serves on; whoever adopts it on the control listener is the manager now;
//      with nobody for Start::orphan_exit_s it drains and exits
//   5. Drain, SIGTERM: stops accepting, finishes what runs, says Drained, exits 0
//
// Threads: one. Everything is on its loop. Errors: what keeps it from serving is logged, and exit
// code 1; a manager that breaks the wire's rules is let go of. Tested by tests/integration/cell.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "cell/configuration.h"
#include "cell/start/confinement.h"
#include "cell/wire/messages.h"
#include "route/ports.h"
#include "sandbox/driver.h"

namespace strata::cell {

struct ServingOptions {
  std::string instance;  // must be that of Start and Adopt
  std::string cell;      // for log lines before Start
  int wire_fd = 3;
  AllowedPaths allowed;
  MissingProtection missing = MissingProtection::kRefuse;
};

// What is different from one role to another. Used on the loop; outlives the process' work.
class ServingRole {
 public:
  // What a Cell needs of its role; see CellParts.
  struct Engine {
    sandbox::Driver* driver = nullptr;
    std::string key;
    std::function<std::uint64_t()> denials;
    route::Hop* hop = nullptr;
  };

  virtual ~ServingRole() = default;
  [[nodiscard]] virtual Role role() const noexcept = 0;

  // Once, with the first message.
  virtual Result<Engine> Begin(Loop& loop, Clock& clock, const Start& start) = 0;

  // Whether `message` is one that the role alone knows; then it was carried out. Fails as
  // Cell::Handle does.
  virtual Result<bool> Handle(ToCell& message, std::vector<Fd>& fds) = 0;

  // For State.
  [[nodiscard]] virtual std::vector<std::string> endpoints() const = 0;
};

// Runs the process; returns the exit code: 0 after a drain, 1 when it could not serve.
int RunServing(const ServingOptions& options, ServingRole& role);

}  // namespace strata::cell
