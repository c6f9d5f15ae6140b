// gateway/hop.h - hands requests on to the cells of their function's tenant, again to another one
// when the first has not seen them.
//
//   route::RequestPath --> [ Hop ] --> Endpoints, HopCall --> host cell
//
// A request is repeated only when it is known that no cell has processed any of it: the connection
// was closed before it could be sent, or with all of it unread. A cell that dies with a request
// makes a 502.
//
// Who writes a call down: the cell that answers it. Here only what no cell answered is told to the
// request path, which then writes it down.
//
// Threads: one loop. Lifetime: endpoints outlive it. Tested by hop_test.cc.
#pragma once

#include <optional>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "gateway/endpoints.h"
#include "gateway/hop_call.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "route/ports.h"

namespace strata::gateway {

class Hop final : public route::Hop {
 public:
  Hop(Loop& loop, const Clock& clock, Endpoints& endpoints)
      : loop_(loop), clock_(clock), endpoints_(endpoints) {}

  Awaitable<std::optional<http::Problem>> HandOn(const route::FunctionSpec& function,
                                                 const route::Handed& handed,
                                                 http::Exchange& exchange,
                                                 http::ResponseSink& sink) override;

 private:
  void KeepTime();
  void CloseBatchSoon();
  Awaitable<void> Tick();

  Loop& loop_;
  const Clock& clock_;
  Endpoints& endpoints_;
  std::vector<HopCall*> calls_;  // under way
  bool ticking_ = false;
  bool close_posted_ = false;
};

}  // namespace strata::gateway
