// sandbox/wake_event.h - lets one coroutine sleep until it is woken; many wakes make one
// resumption. Waking costs no allocation and never resumes in place: the sleeper goes to the back
// of the loop's queue.
//
//   a call: while (nothing to do) co_await wake.Wait();     body, timer, helper, Stop: wake.Wake()
//
// Threads:  the loop's; one sleeper at a time. Lifetime: the event outlives the sleeper.
// Errors:   none: a cancelled wait returns. Tested by wake_event_test.cc.
#pragma once

#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>

#include "base/async/task.h"
#include "base/clock.h"

namespace strata::sandbox {

class WakeEvent {
 public:
  explicit WakeEvent(Loop& loop) : loop_(loop) {}

  void Wake() noexcept {
    if (woken_) return;
    woken_ = true;
    if (sleeping_) timer_->cancel();
  }

  // Returns after a Wake that came since the last Wait ended, also one before this call: then the
  // caller has only gone to the back of the queue. Returns early when the coroutine is cancelled.
  Awaitable<void> Wait() {
    if (woken_) {
      co_await asio::post(loop_, kAwait);
    } else {
      // A timer that never expires: the cheapest cancellable wait that Asio has. It is made at the
      // first wait, because most calls never wait.
      if (!timer_) timer_.emplace(loop_.get_executor(), TimePoint::max());
      sleeping_ = true;
      co_await timer_->async_wait(asio::as_tuple(kAwait));
      sleeping_ = false;
    }
    woken_ = false;
  }

 private:
  Loop& loop_;
  std::optional<Timer> timer_;
  bool woken_ = false;
  bool sleeping_ = false;
};

}  // namespace strata::sandbox
