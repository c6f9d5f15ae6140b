// host/process/fdpass.h - a message with descriptors over an AF_UNIX socket (SCM_RIGHTS).
//
// How listeners, sealed code and rings travel between the manager, cells and later owners. These
// calls do one system call each and never wait on a non-blocking socket; who owns the socket waits
// for readiness on its loop.
//
// Received descriptors are close-on-exec and owned. What a peer sends is not trusted: a truncated
// control message is an error, and every descriptor that came with it is closed.
// Thread-safe as far as the socket's use is. Tested by host/process/fdpass_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"

namespace strata::host {

inline constexpr std::size_t kMaxPassedFds = 250;  // the kernel's own limit is 253

// Sends `bytes` (not empty: the kernel carries descriptors on a byte) with `fds`, which stay the
// caller's. Returns how many bytes left: 0 means the socket is full and nothing was sent. A stream
// socket may take a part; the descriptors are then gone with it, and the rest is sent without any.
// kInvalidArgument: nothing to carry them, or too many descriptors; kUnavailable: the peer is gone.
Result<std::size_t> SendWithFds(int socket, ByteView bytes, std::span<const int> fds);

struct Received {
  enum class State : std::uint8_t { kData, kWouldBlock, kClosed };
  State state = State::kClosed;
  std::size_t size = 0;  // bytes put into the caller's buffer
  std::vector<Fd> fds;
};

// Takes one message (SOCK_SEQPACKET) or what is there (SOCK_STREAM) into `buffer`. On a stream, one
// call never joins bytes across the descriptors of two messages.
// kResourceExhausted: a packet longer than `buffer`, or this process has no room for all of its
// descriptors. Either way the message is lost and those that arrived are closed.
Result<Received> ReceiveWithFds(int socket, std::span<std::byte> buffer);

}  // namespace strata::host
