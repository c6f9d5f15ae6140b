// cell/command_role.h - the command role of strata-cell: a process that is one WASI command, which
// runs once and ends the process with its exit status; or one wasi:http component, which answers
// until the process is ended.
//
//   fd 0-2: its standard streams          fd 3: native code, sealed (compile_job.h)
//   fd 4:   one byte when it may begin    fd 5: its plan (command_plan.h)
//   fd 6-:  a component's listeners
//
// Confined as a host cell before it reads any of it. The directories that it sees are the volumes
// that the process was given, each in the place of its name. It waits, loaded, until it may begin;
// when fd 4 closes without a byte, nobody wants it any more.
//
// A guest that ends by itself gives its exit status; a trap is 134, a memory limit 137, as the
// signals that end other programs so (128 + SIGABRT, SIGKILL). What could not be run at all is 1.
// Of the last three a line on fd 2 says why.
//
// A command's arguments and variables are the plan's, its streams the process's, as they are. A
// component gets a fresh sandbox with the variables for each request and prints by lines; SIGTERM
// has it finish what it is answering and end with 0.
#pragma once

#include <string>

#include "cell/confinement.h"

namespace strata::cell {

struct CommandOptions {
  AllowedPaths allowed;
  MissingProtection missing = MissingProtection::kRefuse;
};

// Runs the process; returns the exit code.
int RunCommandRole(const CommandOptions& options);

}  // namespace strata::cell
