// cell/front_lines.h - where a host cell's requests come from while its tenant's routes are on a
// shared listener: lines to the front cells.
//
//   front --line: connections--> [ FrontLines: http::Server ] --> RequestPath::HandleHanded
//
// A front makes a pair of connected sockets and sends one over the line; requests come on it, one
// after another, each with a HopField. The field is believed because the manager made the line. A
// front that breaks the rules loses its line, or that connection.
//
// Threads: one loop. Lifetime: the request path outlives it; Drain() before it is destroyed.
// Tested by cell_test.cc and tests/e2e/front_test.py.
#pragma once

#include <memory>
#include <string>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "http/exchange.h"
#include "http/server/server.h"
#include "route/request_path.h"

namespace strata::cell {

class FrontLines final : private http::Handler {
 public:
  FrontLines(Loop& loop, Clock& clock, route::RequestPath& path);

  // Serves the front called `front` over `line`, a connected stream socket, until it closes.
  void Add(std::string front, Fd line);

  // As http::Server::Drain; connections that still come are closed unread.
  Awaitable<void> Drain(TimePoint deadline) { co_await server_->Drain(deadline); }

  [[nodiscard]] const http::ServerCounters& counters() const noexcept {
    return server_->counters();
  }

 private:
  Awaitable<void> Handle(http::Exchange& exchange) override;

  Loop& loop_;
  Clock& clock_;
  route::RequestPath& path_;
  std::shared_ptr<http::Server> server_;  // shared with the coroutines that read lines
};

}  // namespace strata::cell
