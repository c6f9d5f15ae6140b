// base/async/broadcast.h - the condition variable of one loop: Notify wakes each coroutine of it
// that waits, NotifyOne the one that has waited longest.
//
//   while (!there) co_await changed.Wait(patience);     whoever makes it there: changed.Notify();
//
// There is no memory: a waiter looks at what it waits for, then waits, on the same loop, so nothing
// is missed in between. Being woken says nothing of why: look again.
//
// Threads:  one loop. Lifetime: outlives its waiters: each touches it once more after its wait,
//           unless the loop ends before. Errors: none; a cancelled wait ends as one whose patience
//           is over.
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/async/promise.h"
#include "base/async/task.h"

namespace strata {

class Broadcast {
 public:
  explicit Broadcast(Loop& loop) : loop_(loop) {}

  // Wakes whoever waits now; they run later, on the loop.
  void Notify() {
    for (const auto& waiter : std::exchange(waiters_, {})) waiter->Set(std::monostate{});
  }

  // Wakes one of those that wait now, if any: for whom there is something that one of them takes.
  void NotifyOne() {
    if (waiters_.empty()) return;
    const auto first = waiters_.front();
    waiters_.erase(waiters_.begin());
    first->Set(std::monostate{});
  }

  // Ends at the next Notify() or after `patience`, whichever is first.
  Awaitable<void> Wait(std::chrono::milliseconds patience) {
    auto waiter = std::make_shared<Promise<std::monostate>>(loop_);
    waiters_.push_back(waiter);
    (void)co_await waiter->Wait(patience);
    std::erase(waiters_, waiter);
  }

 private:
  Loop& loop_;
  std::vector<std::shared_ptr<Promise<std::monostate>>> waiters_;
};

}  // namespace strata
