// cell/host_role.h - the host role of strata-cell: confine, then serve what the manager says.
//
//   strata-cell --role=host --> [ confine | wire loop | control listener | signals ] --> Cell
//
// The life of the process:
//   1. confines itself (confinement.h), before a byte of configuration is read
//   2. reads Start from the wire, makes the engine, answers Ready
//   3. serves; messages change what
//   4. the manager dies: serves on; whoever adopts it on the control listener is the manager now;
//      with nobody for Start::orphan_exit_s it drains and exits
//   5. Drain, SIGTERM: stops accepting, finishes what runs, says Drained, exits 0
//
// One thread. Everything is on its loop.
#pragma once

#include <string>

#include "cell/configuration.h"
#include "cell/confinement.h"

namespace strata::cell {

struct HostOptions {
  std::string instance;  // must be that of Start and Adopt
  std::string cell;      // for log lines before Start
  int wire_fd = 3;
  AllowedPaths allowed;
  MissingProtection missing = MissingProtection::kRefuse;
};

// Runs the role; returns the exit code: 0 after a drain, 1 when it could not serve.
int RunHostRole(const HostOptions& options);

}  // namespace strata::cell
