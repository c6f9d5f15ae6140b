// cell/roles/command_role.h - a process that is one WASI command, which runs once and ends the
// process with its exit status; or one wasi:http component, which answers until the process is
// ended.
//
//   zygote.h --a child, with what is below--> [ RunCommand ] --> exit
//
// It waits until it is in its control groups. Then it is confined as a host cell, before it reads
// its plan or runs anything. The directories that it sees are the volumes that the process was
// given, each in the place of its name. It waits again until it may begin; when `begin` closes
// without a byte, nobody wants it any more.
//
// A guest that ends by itself gives its exit status; a trap is 134, a memory limit 137, as the
// signals that end other programs so (128 + SIGABRT, SIGKILL). What could not be run at all is 1.
// Of the last three a line on fd 2 says why.
//
// Threads: the process's only one. Tested by tests/kube.
//
// A command's arguments and variables are the plan's, its streams the process's, as they are. A
// component gets a fresh sandbox with the variables for each request and prints by lines; SIGTERM
// has it finish what it is answering and end with 0.
#pragma once

#include <cstdint>
#include <vector>

#include "base/files/fd.h"
#include "cell/start/confinement.h"
#include "sandbox/wasm/config.h"
#include "sandbox/wasm/driver.h"

namespace strata::cell {

struct CommandOptions {
  AllowedPaths allowed;
  MissingProtection missing = MissingProtection::kRefuse;
  const host::SeccompFilter* filter = nullptr;  // of a host
  Fd begin;                      // one byte when it is in its groups, one when it may begin
  Fd plan;                       // command_plan.h, in a sealed file
  std::vector<Fd> listeners;     // a component's
  sandbox::wasm::Loaded loaded;  // of CommandConfig(SlotsOf(the plan))
};

sandbox::wasm::Config CommandConfig(std::uint32_t slots);

// Runs the process to its end.
[[noreturn]] void RunCommand(CommandOptions options);

}  // namespace strata::cell
