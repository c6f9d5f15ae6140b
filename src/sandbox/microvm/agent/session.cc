#include "sandbox/microvm/agent/session.h"

#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>

namespace strata::sandbox::microvm::agent {
namespace {

constexpr int kMostRounds = 16;

// How many got it.
int SignalOnce(pid_t leader, int signal) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  if (!processes) return 0;
  int reached = 0;
  while (const dirent* entry = ::readdir(processes.get())) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0 && ::getsid(pid) == leader && ::kill(pid, signal) == 0) ++reached;
  }
  return reached;
}

}  // namespace

void SignalSession(pid_t leader, int signal) {
  if (leader <= 0) return;
  const int rounds = signal == SIGKILL ? kMostRounds : 1;
  for (int round = 0; round < rounds && SignalOnce(leader, signal) > 0; ++round) {
  }
}

int EndSession(const char* leader, const char* signal) {
  SignalSession(std::atoi(leader), std::atoi(signal));
  return 0;
}

}  // namespace strata::sandbox::microvm::agent
