// strata-agent - the first process in a microVM: mounts its file systems, then runs what the driver
// asks for over the serial port. What it says: src/sandbox/microvm/protocol.h.
#include <poll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>

#include "sandbox/microvm/agent/agent.h"
#include "sandbox/microvm/agent/guest.h"

namespace agent = strata::sandbox::microvm::agent;

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  auto ready = agent::SetUp();
  if (ready) {
    auto port = agent::OpenPort();
    if (port) {
      ready = agent::Serve(*port);
    } else {
      ready = std::unexpected(port.error());
    }
  }
  // The console: the driver reads it when the machine does not come up.
  std::printf("strata-agent: %s\n", ready ? "the driver is gone" : ready.error().message.c_str());
  std::fflush(stdout);
  ::reboot(RB_POWER_OFF);
  return 1;
}
