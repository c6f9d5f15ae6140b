// http/server/server_state.h - what a Server and its connections share. Internal to this folder.
//
//   Server, Acceptor, Connection --> [ ServerState: clock, deadlines, held answers, counters ]
//
// Threads:  on the loop. Lifetime: held by shared_ptr because a connection's coroutine may be
//           destroyed after its server, by the loop's destructor; `stopped` says that the server is
//           gone. Loop, handler and clock outlive all of them. Errors: none.
// Tested by server_test.cc, timeouts_test.cc, drain_test.cc.
#pragma once

#include <list>
#include <memory>

#include "base/async/task.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "http/server/answer_batch.h"
#include "http/server/date_cache.h"
#include "http/server/deadlines.h"
#include "http/server/server.h"
#include "http/server/server_config.h"

namespace strata::http {

class Connection;

struct ServerState : std::enable_shared_from_this<ServerState> {
  ServerState(Loop& loop_in, const ServerConfig& config_in, Handler& handler_in, Clock& clock_in)
      : loop(loop_in),
        config(config_in),
        handler(handler_in),
        clock(clock_in),
        deadlines(clock_in.Now()),
        answers(clock_in) {}

  // Sees to it that Tick() is called as long as there are connections. Call it before adding one.
  void KeepTime();

  // Brings the coarse time and the Date field up to date and ends what took too long.
  void Tick();

  // Sees to it that what `connection` holds is sent when the loop has come round, even if the
  // handler that is about to start waits for something.
  void FlushSoon(Connection& connection);

  // `connection` has a complete answer to send. False: it has to send it itself, now.
  bool HoldAnswer(Connection& connection);

  Loop& loop;
  const ServerConfig config;
  Handler& handler;
  Clock& clock;
  ServerCounters counters;
  Deadlines deadlines;
  DateCache date;
  std::list<Connection*> connections;
  AnswerBatch answers;
  bool flush_posted = false;
  bool ticking = false;
  bool draining = false;
  Heir heir;             // while draining: who gets the connections; empty: nobody
  bool stopped = false;  // the Server is gone

 private:
  static Awaitable<void> TickWhileConnected(std::shared_ptr<ServerState> self);
  void CloseBatchSoon();
  void LookForClosedPeers();
};

}  // namespace strata::http
