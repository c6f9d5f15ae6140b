// http/server/acceptor.h - one listening socket of a server: accepts many connections per wakeup
// and starts a Connection for each. Internal to this folder.
//
//   Server::Adopt --> [ Acceptor ] --accept4, at most 64 a turn--> Connection, or 503 and closed
//
// When the process has no descriptor left, it waits a tick instead of trying at once. When the
// server drains and nobody else holds the listener, what waits in its queue is still accepted.
//
// Threads:  on the loop. Lifetime: kept alive by its own coroutine, Run(), which ends some time
//           after Wake() when the state says that the server drains or is gone.
// Errors:   of Open only; what goes wrong with one client is that client's. Tested by
//           server_test.cc, drain_test.cc.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "http/server/server.h"
#include "http/server/server_state.h"

namespace strata::http {

class Acceptor {
 public:
  // Fails as Server::Adopt does.
  static Result<std::shared_ptr<Acceptor>> Open(std::shared_ptr<ServerState> state, Fd listener,
                                                ListenerHolder holder);

  static Awaitable<void> Run(std::shared_ptr<Acceptor> self);

  // Serves one accepted socket of `family`, or tells it that there is no room.
  static void Start(const std::shared_ptr<ServerState>& state, Fd client, int family,
                    std::string peer, Arrival arrival);

  // Makes Run() look at the state's flags.
  void Wake();

  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  enum class Accepted { kAll, kMaybeMore, kNoDescriptors };

  Acceptor(std::shared_ptr<ServerState> state, int family, ListenerHolder holder);
  [[nodiscard]] bool stopping() const noexcept { return state_->draining || state_->stopped; }
  Accepted AcceptSome();

  std::shared_ptr<ServerState> state_;
  asio::posix::basic_stream_descriptor<Executor> socket_;
  int family_;
  ListenerHolder holder_;
  bool done_ = false;
};

}  // namespace strata::http
