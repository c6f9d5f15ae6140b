// tls/relay.h - moves bytes both ways between a TLS stream and one end of a socketpair, so that
// what speaks HTTP over a plain socket needs to know nothing of TLS.
//
//   Stream <--> [ Relay: one buffer a direction ] <--> socketpair <--> http::Server, http::Client
//
// Back-pressure is the sockets' own: a direction reads only when what it read before is written, so
// a relay holds two buffers of 16 KiB whatever is sent. Each direction ends on its own; when both
// have, the relay is gone. What ends a stuck one: the TLS side may stall for `write_stall` and,
// after our side has ended, may go on for `linger`; the plain side has the deadlines of whoever
// holds it. A TLS connection that was cut ends both directions at once.
//
// Threads: on the loop. Lifetime: its two coroutines keep it. Tested by tls/listener_test.cc.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "base/async/gate.h"
#include "base/async/task.h"
#include "base/files/fd.h"
#include "tls/stream.h"

namespace strata::tls {

struct RelayLimits {
  Duration write_stall = std::chrono::seconds(30);  // Duration::max(): none
  Duration linger = std::chrono::seconds(2);
};

class Relay {
 public:
  struct Started {
    std::shared_ptr<const Relay> relay;
    Fd plain;  // the end for whoever speaks HTTP
  };

  // `stream` has had its handshake. `held` is let go when both directions have ended. Fails with
  // kResourceExhausted (no descriptors).
  static Result<Started> Start(Loop& loop, std::shared_ptr<Stream> stream,
                               const RelayLimits& limits,
                               std::optional<Gate::Holder> held = std::nullopt);

  // Why the TLS side broke; nothing as long as it has not.
  [[nodiscard]] const std::optional<Error>& broken() const noexcept { return broken_; }

 private:
  using Plain = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
  using Buffer = std::array<char, std::size_t{16} * 1024>;

  Relay(Loop& loop, std::shared_ptr<Stream> stream, const RelayLimits& limits,
        std::optional<Gate::Holder> held);
  static Awaitable<void> In(std::shared_ptr<Relay> self);   // from the network
  static Awaitable<void> Out(std::shared_ptr<Relay> self);  // to the network

  std::shared_ptr<Stream> stream_;
  Plain plain_;
  RelayLimits limits_;
  std::optional<Gate::Holder> held_;
  std::optional<Error> broken_;
  bool in_ended_ = false;
  bool out_ended_ = false;
  Buffer in_;
  Buffer out_;
};

}  // namespace strata::tls
