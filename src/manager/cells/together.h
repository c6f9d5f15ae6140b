// manager/cells/together.h - runs several tasks of one loop at once and waits for them all.
//
// Used by Fleet, whose cells start, take configurations and drain independently of each other: the
// whole takes as long as the slowest, so one that hangs holds up whoever waits, but not the others.
//
// Threads:  on the loop. Lifetime: what the tasks borrow must live until all have ended, also when
//           one has failed. A cancelled wait cancels the tasks.
// Errors:   the first failure in the order of the tasks, not of time; the others' are dropped.
//           Tasks throw no more than any other task does. Tested through tests/integration/manager.
#pragma once

#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include "base/async/task.h"

namespace strata::manager {

// Fails with the first failure in the order of `tasks`, after all have ended. What the tasks
// borrow must live until then. They may throw no more than any other task.
inline Task<void> Together(Loop& loop, std::vector<Task<void>> tasks) {
  using Started = decltype(asio::co_spawn(loop, std::declval<Task<void>>(), asio::deferred));
  std::vector<Started> started;
  started.reserve(tasks.size());
  for (Task<void>& task : tasks) {
    started.push_back(asio::co_spawn(loop, std::move(task), asio::deferred));
  }
  if (started.empty()) co_return Result<void>{};
  auto [order, thrown, results] =
      co_await asio::experimental::make_parallel_group(std::move(started))
          .async_wait(asio::experimental::wait_for_all(), kAwait);
  for (Result<void>& result : results) {
    if (!result) co_return std::move(result);
  }
  co_return Result<void>{};
}

}  // namespace strata::manager
