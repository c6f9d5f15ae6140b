#include "http/server/server_state.h"

#include <poll.h>

#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/async/pause.h"
#include "http/server/connection.h"

namespace strata::http {

void ServerState::KeepTime() {
  if (std::exchange(ticking, true)) return;
  Tick();
  Spawn(loop, TickWhileConnected(shared_from_this()));
}

// An idle server has no timer, so it wakes nobody.
Awaitable<void> ServerState::TickWhileConnected(std::shared_ptr<ServerState> self) {
  do {
    co_await Pause(self->loop, self->config.tick);
    self->Tick();
  } while (!self->stopped && !self->connections.empty());
  self->ticking = false;
}

void ServerState::Tick() {
  date.Update(clock.WallNow());
  deadlines.Advance(clock.Now());
  answers.Close();
  LookForClosedPeers();
}

void ServerState::FlushSoon(Connection& connection) {
  answers.Add(connection);
  CloseBatchSoon();
}

bool ServerState::HoldAnswer(Connection& connection) {
  if (draining || counters.open == 1) return false;
  const bool held = answers.Hold(connection);
  CloseBatchSoon();
  return held;
}

void ServerState::CloseBatchSoon() {
  if (std::exchange(flush_posted, true)) return;
  asio::post(loop, [self = shared_from_this()] {
    self->flush_posted = false;
    self->answers.Close();
  });
}

// While a handler runs nobody reads from its client, so nobody would see it leave.
void ServerState::LookForClosedPeers() {
  std::vector<pollfd> waiting;
  std::vector<Connection*> whose;
  for (Connection* connection : connections) {
    if (!connection->handling()) continue;
    waiting.push_back(pollfd{connection->transport().fd(), POLLRDHUP, 0});
    whose.push_back(connection);
  }
  if (waiting.empty() || ::poll(waiting.data(), waiting.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    whose[i]->transport().LookForPeer(waiting[i].revents, config.half_close_grace);
  }
}

}  // namespace strata::http
