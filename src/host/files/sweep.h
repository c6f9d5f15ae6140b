// host/files/sweep.h - finds and ends processes of one instance that nobody owns any more.
//
// The last resort after kill -9 of the manager: the journal (host/files/journal.h) says what should
// be there, this says what is. A process belongs to an instance when the file name of its
// executable is one of ours and its arguments hold `--instance=<id>`. Only processes of our own
// user (or, as root, of any) can be ended; each is verified by start time and ended through a
// pidfd, so a reused pid is never hit.
//
// Blocks (reads /proc). Thread-safe. Tested by host/files/sweep_test.cc.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/process/process.h"

namespace strata::host {

struct FoundProcess {
  ProcessId id;
  std::string program;                 // file name of the executable
  std::vector<std::string> arguments;  // argv as the process shows it
};

// Processes of `instance` that run one of `programs` (file names such as "strata-cell"), without
// the caller itself. Zombies and processes that vanish meanwhile are left out.
Result<std::vector<FoundProcess>> FindInstanceProcesses(std::string_view instance,
                                                        std::span<const std::string_view> programs);

// Sends SIGKILL to each and waits until all have ended. kDeadlineExceeded: some are still there
// after `timeout`, the message names them; kPermissionDenied: one is not ours to end.
Result<void> EndProcesses(std::span<const FoundProcess> processes,
                          std::chrono::milliseconds timeout);

}  // namespace strata::host
