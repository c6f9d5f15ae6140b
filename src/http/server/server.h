// http/server/server.h - an HTTP/1.1 server on one loop: takes listening sockets, accepts, and lets
// one Handler answer. TCP and AF_UNIX alike.
//
//   listener Fd --Adopt--> [ Server --accept--> Connection ]... --> Handler::Handle(Exchange&)
//
// Threads: everything on the loop's thread, Handler and Clock included.
// Lifetime: Handler, Clock and Loop outlive the server. Destroy a server after Drain() has
// returned, or when the loop runs no more: a handler that still waits may not be left behind.
// Errors: a broken client never is one; Adopt says what is wrong with a listener.
// Tested by http/server/server_test.cc and the tests beside each part.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "http/exchange.h"
#include "http/server/server_config.h"

namespace strata::http {

class Acceptor;
struct ServerState;

// Who else holds a duplicate of a listening socket.
enum class ListenerHolder {
  kOnlyUs,        // Drain() serves what is in its queue before the socket closes
  kOtherProcess,  // its queue is left to whoever holds the other duplicate
};

// How a connection that somebody else accepted comes to us.
enum class Arrival : std::uint8_t {
  kNew,             // its first request is expected soon
  kBetweenRequests  // it was served before, and may idle
};

// Takes over a client's connection on which nothing of a request or an answer is under way: bytes
// that come on it are the next request's. False: it could not.
using Heir = std::function<bool(Fd connected)>;

class Server {
 public:
  Server(Loop& loop, const ServerConfig& config, Handler& handler, Clock& clock);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Accepts on `listener`, which must be bound and listening, until Drain(). It is made
  // non-blocking. Fails with kInvalidArgument (not a listening stream socket) and
  // kFailedPrecondition (draining).
  Result<void> Adopt(Fd listener, ListenerHolder holder = ListenerHolder::kOnlyUs);

  // Serves `connected`, a stream socket that somebody else accepted, as if it had come from a
  // listener; requests say that they are from `peer`. Fails with kFailedPrecondition (draining) and
  // kInvalidArgument (no socket).
  Result<void> Serve(Fd connected, std::string peer, Arrival arrival = Arrival::kNew);

  // Stops accepting, lets requests in flight finish with `Connection: close`, closes idle
  // connections after ServerConfig::drain_idle_grace, and returns when no connection is left. At
  // `deadline` what is left is cut off; a handler that does not return by itself is not waited for
  // any longer. A second call waits too; the earlier deadline counts.
  Awaitable<void> Drain(TimePoint deadline);

  // Drain() without a deadline whose clients notice nothing: no connection is closed, each goes to
  // `heir` as soon as it is between two requests. Once `heir` has failed, what is left is drained
  // as ever. A Drain() meanwhile sets the deadline.
  Awaitable<void> HandOver(Heir heir);

  [[nodiscard]] const ServerCounters& counters() const noexcept;

 private:
  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
};

}  // namespace strata::http
