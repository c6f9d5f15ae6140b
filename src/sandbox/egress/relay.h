// sandbox/egress/relay.h - moves bytes both ways between a guest's connection and the one that the
// connector made for it.
//
//   guest <--> [ Relay: one buffer a direction ] <--> connector's socket
//
// Back-pressure is the sockets' own: a direction reads only when what it read before is written.
// Each direction ends on its own; when both have, or one breaks, both sockets are closed. There is
// no deadline: the sandbox's end is one.
//
// Threads: one loop. Lifetime: its coroutines keep it. Tested by tests/contract.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"

namespace strata::sandbox::egress {

class Relay {
 public:
  // Told of every part that was handed on: one of the two is 0.
  using MovedFn = std::function<void(std::uint64_t sent, std::uint64_t received)>;

  Relay(Loop& loop, Fd guest, MovedFn moved);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Moves bytes until it is over.
  static Awaitable<void> Run(std::shared_ptr<Relay> self, Fd upstream);

  // Ends it; the guest sees its connection reset.
  void Abort() noexcept;

 private:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
  static Awaitable<void> Pump(std::shared_ptr<Relay> self, bool out);
  static void Assign(Socket& socket, Fd fd);

  Socket guest_;
  Socket upstream_;
  MovedFn moved_;
};

}  // namespace strata::sandbox::egress
