// strata-agent - the first process in a microVM: mounts its file systems, then runs what the driver
// asks for over the serial port. What it says: src/sandbox/microvm/machine/protocol.h. With
// arguments it is a program in a sandbox: src/sandbox/microvm/agent/verbs.h.
#include <poll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>

#include "sandbox/microvm/agent/agent.h"
#include "sandbox/microvm/agent/guest.h"
#include "sandbox/microvm/agent/verbs.h"

namespace agent = strata::sandbox::microvm::agent;

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc > 1) {
    const auto code = agent::RunVerb(argv + 1);
    if (!code) std::fprintf(stderr, "strata-agent: no such verb\n");
    return code.value_or(2);
  }
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
