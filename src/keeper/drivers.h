// keeper/drivers.h - the drivers of a keeper's classes, each made when its first image is prepared.
//
//   Keeper --Of(kAppkernel)--> [ Drivers ] --on a thread--> TryClassFn --on the loop--> a Driver
//
// Trying a class out runs a sandbox, and blocks for seconds where a runtime hangs: the sandboxes of
// the other classes go on meanwhile.
//
// Threads:  the loop's, and one of its own while a class is tried out. Lifetime: the loop outlives
//           it; it outlives every Of: destroy it only while not trying().
// Tested by keeper_test.cc.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "keeper/wire/messages.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/worker.h"

namespace strata::keeper {

// Makes the driver of a class that was tried out. On the loop's thread, once; does not block.
using MakeDriverFn = std::move_only_function<Result<std::unique_ptr<sandbox::Driver>>()>;

// Tries a class out. Blocks, on any thread, one class at a time. kUnsupported: this program or this
// host has none.
using TryClassFn =
    std::function<Result<MakeDriverFn>(model::Class sandbox_class, const Start& start)>;

class Drivers {
 public:
  Drivers(Loop& loop, Start start, TryClassFn try_class);

  // Errors: what trying it out said. A class that failed is tried again when it is asked for again.
  Task<sandbox::Driver*> Of(model::Class sandbox_class);

  // Whether an Of waits.
  [[nodiscard]] bool trying() const noexcept { return trying_ > 0; }

 private:
  Task<sandbox::Driver*> Make(model::Class sandbox_class);

  const Start start_;
  TryClassFn try_class_;
  std::map<model::Class, std::unique_ptr<sandbox::Driver>> drivers_;
  int trying_ = 0;
  Turns turns_;
  std::unique_ptr<sandbox::Worker> worker_;  // since the first was asked for
};

}  // namespace strata::keeper
