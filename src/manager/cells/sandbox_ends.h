// manager/cells/sandbox_ends.h - ends addressable sandboxes: on disk first, then in their cells.
//
//   Manager::DeleteSandbox --> [ SandboxEnds ] --> Store, Fleet
//
// A commit waits for the disk, so what is to end while one lasts shares the next one, as creations
// do (manager/create_sandboxes.cc): however many clients there are, one write ends all of theirs.
//
// Threads:  one loop. Lifetime: what is given to it must live as long as the loop runs.
// Errors:   kNotFound, also for the second of two who end the same one; the store's, for all that
//           shared the commit. Tested by sandbox_ends_test.cc, tests/e2e/api_test.py.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "manager/cells/fleet.h"
#include "store/store.h"

namespace strata::manager {

class SandboxEnds {
 public:
  using Sandboxes = std::map<std::string, store::SandboxRecord>;

  // Takes what has ended out of `sandboxes`.
  SandboxEnds(Loop& loop, store::Store& store, Fleet& fleet, Sandboxes& sandboxes)
      : loop_(loop), store_(store), fleet_(fleet), sandboxes_(sandboxes) {}

  // Ends when it is durable and the cell has been told.
  Task<void> End(std::string_view id);

 private:
  struct Ending;  // an End that waits
  using Endings = std::vector<std::shared_ptr<Ending>>;
  Awaitable<void> EndWaiting();
  Awaitable<void> EndInCell(std::shared_ptr<Ending> ending);

  Loop& loop_;
  store::Store& store_;
  Fleet& fleet_;
  Sandboxes& sandboxes_;
  Endings waiting_;       // in no commit yet
  bool working_ = false;  // EndWaiting runs
};

}  // namespace strata::manager
