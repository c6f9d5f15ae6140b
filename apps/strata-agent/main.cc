// strata-agent - the first process in a microVM: mounts its file systems, then runs what the driver
// asks for over the serial port. What it says: src/sandbox/microvm/protocol.h. As `strata-agent
// dial PORT`, beside a server under gVisor, it joins its standard streams to that port; as
// `read PATH` and `write PATH MODE` it copies a file out of a sandbox and into one.
#include <poll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "sandbox/microvm/agent/agent.h"
#include "sandbox/microvm/agent/copy.h"
#include "sandbox/microvm/agent/dial.h"
#include "sandbox/microvm/agent/guest.h"

namespace agent = strata::sandbox::microvm::agent;

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc == 3 && std::strcmp(argv[1], "dial") == 0) return agent::DialPort(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "read") == 0) return agent::ReadOut(argv[2]);
  if (argc == 4 && std::strcmp(argv[1], "write") == 0) return agent::WriteIn(argv[2], argv[3]);
  if (argc == 3 && std::strcmp(argv[1], "read") == 0) return agent::ReadOut(argv[2]);
  if (argc == 4 && std::strcmp(argv[1], "write") == 0) return agent::WriteIn(argv[2], argv[3]);
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
