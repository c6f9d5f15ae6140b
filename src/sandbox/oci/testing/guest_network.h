// sandbox/oci/testing/guest_network.h - what the guest of guest.cc does with a network; the
// programs print how it went.
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
