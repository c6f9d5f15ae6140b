#include "http/server/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/async/pause.h"
#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "http/exchange.h"
#include "http/server/acceptor.h"
#include "http/server/connection.h"
#include "http/server/server_config.h"
#include "http/server/server_state.h"

namespace strata::http {
namespace {

constexpr Duration kDrainStep = std::chrono::milliseconds(10);  // how often Drain() looks

}  // namespace

Server::Server(Loop& loop, const ServerConfig& config, Handler& handler, Clock& clock)
    : state_(std::make_shared<ServerState>(loop, config, handler, clock)) {}

Server::~Server() {
  state_->stopped = true;
  state_->heir = nullptr;
  for (const auto& acceptor : acceptors_) acceptor->Wake();
  for (Connection* connection : state_->connections) connection->Kill();
}

Result<void> Server::Adopt(Fd listener, ListenerHolder holder) {
  if (state_->draining) return Fail(Errc::kFailedPrecondition, "the server is draining");
  auto acceptor = Acceptor::Open(state_, std::move(listener), holder);
  if (!acceptor) return std::unexpected(std::move(acceptor).error());
  acceptors_.push_back(*acceptor);
  Spawn(state_->loop, Acceptor::Run(std::move(*acceptor)));
  return {};
}

Result<void> Server::Serve(Fd connected, std::string peer, Arrival arrival) {
  if (state_->draining) return Fail(Errc::kFailedPrecondition, "the server is draining");
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  if (::getsockopt(connected.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return Fail(Errc::kInvalidArgument, "what is to be served is no socket");
  }
  Acceptor::Start(state_, std::move(connected), family, std::move(peer), arrival);
  return {};
}

Awaitable<void> Server::Drain(TimePoint deadline) {
  const auto state = state_;
  if (!std::exchange(state->draining, true)) {
    for (const auto& acceptor : acceptors_) acceptor->Wake();
    for (Connection* connection : state->connections) connection->BeginDrain();
  }
  const auto accepting = [this] {
    return !std::ranges::all_of(acceptors_, [](const auto& acceptor) { return acceptor->done(); });
  };
  while ((accepting() || !state->connections.empty()) && state->clock.Now() < deadline) {
    co_await Pause(state->loop, std::min(state->config.tick, kDrainStep));
  }
  for (Connection* connection : state->connections) connection->Kill();
  // One turn of the loop for those that wait in a read or a write.
  co_await asio::post(state->loop, kAwait);
}

Awaitable<void> Server::HandOver(Heir heir) {
  const auto state = state_;
  if (!state->draining) state->heir = std::move(heir);
  co_await Drain(TimePoint::max());
  state->heir = nullptr;
}

const ServerCounters& Server::counters() const noexcept { return state_->counters; }

}  // namespace strata::http
