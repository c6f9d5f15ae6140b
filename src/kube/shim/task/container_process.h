// kube/shim/task/container_process.h - one process of a container: its first one, or one that was
// exec'd beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "host/process/process.h"
#include "kube/shim/task/console.h"
#include "kube/shim/task/stdio.h"

namespace strata::kube::shim {

enum class ProcessState : std::uint8_t { kCreated, kRunning, kStopped };

struct ContainerProcess {
  std::string exec_id;  // empty: the first
  StdioNames names;
  std::string spec;  // exec: "process" of the OCI runtime specification, JSON
  Stdio stdio;
  std::shared_ptr<Input> input;      // null: it has none, or it was not started
  std::shared_ptr<Console> console;  // null: no terminal, or not started
  std::optional<host::Process> process;
  // Its program is in a machine: the pid of that, and the program's number there; else 0.
  std::uint32_t machine_pid = 0;
  std::uint32_t machine_program = 0;
  std::optional<int> inner_pid;  // exec on a kernel of the container's own: its pid there
  ProcessState state = ProcessState::kCreated;
  bool starting = false;  // its end is not told before its start
  std::uint32_t exit_status = 0;
  WallTime exited_at{};

  [[nodiscard]] bool made() const { return process || machine_pid != 0; }
  [[nodiscard]] std::uint32_t pid() const { return process ? process->pid() : machine_pid; }
};

}  // namespace strata::kube::shim
