// sandbox/oci/testing/guest_network.h - what the guest of guest.cc does with a network; the
// programs print how it went.
//
// For tests/contract: guests of class container, appkernel and microvm are this same static
// program.
//
// Threads:  one; each blocks, with a bound where an answer may not come. Errors: told by what is
//           printed and by the exit code.
#pragma once

#include <string>

namespace guest {

// Resolves `host` with the server of /etc/resolv.conf, and asks it for "/" by HTTP: the body, or
// why there is none. `ok` says which.
std::string Get(const std::string& host, int port, bool& ok);
// The same for "host:port", as text alone.
std::string Get(const std::string& authority);
int Dial(const std::string& host, int port);
// Sends a datagram to `address` and waits a little for an answer.
int SendDatagram(const std::string& address, int port);
// Serves whoever connects, at every address.
int ListenAnywhere(int port);

}  // namespace guest
