// sandbox/egress/attempts.h - what a guest tried to reach, seen beside the kernel that refuses it:
// the first packet of each TCP connection and each datagram, for the log.
//
// Only looks: what becomes of a packet is decided elsewhere, and a packet that is missed here is
// refused all the same.
//
// Threads: none; values. Errors: FailErrno's codes. Tested by attempts_test.cc and tests/contract;
// fuzzed by tests/fuzz/egress_attempt_fuzz.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/ipv4.h"

namespace strata::sandbox::egress {

struct Attempt {
  bool tcp = false;  // else UDP
  host::Ipv4 to;
  std::uint16_t port = 0;
  [[nodiscard]] std::string ToString() const;  // "tcp 169.254.169.254:80"
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// A socket from which the beginnings of such packets that come in at `interface` can be read; but
// for DNS questions, which have an answer. Needs CAP_NET_RAW.
Result<Fd> WatchAttempts(const std::string& interface);

// Of an IPv4 packet, as far as it was read; none, when it is of another kind. Any bytes.
std::optional<Attempt> ParseAttempt(std::string_view packet);

}  // namespace strata::sandbox::egress
