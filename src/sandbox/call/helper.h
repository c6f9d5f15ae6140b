// sandbox/call/helper.h - one coroutine running beside a call, which the call can cancel and join:
// waiting for a body to become readable, for instance. Nothing it started outlives the call.
//
//   a call's loop --Start--> [ Helper ] --WakeEvent--> the call looks again; Cancel, !running()
//
// Threads:  the loop's. Lifetime: must not be destroyed while running(); nor may `done`, nor what
//           the task borrows. Errors: the task's own, told by what it leaves; an exception other
//           than of its cancelling ends the process. Tested through the drivers' tests.
#pragma once

#include <exception>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "base/async/task.h"
#include "sandbox/wake_event.h"

namespace strata::sandbox {

class Helper {
 public:
  // Starts `task`, and wakes `done` when it has ended. One at a time.
  void Start(Loop& loop, Awaitable<void> task, WakeEvent& done) {
    running_ = true;
    asio::co_spawn(loop.get_executor(), std::move(task),
                   asio::bind_cancellation_slot(cancel_.slot(),
                                                [this, &done](const std::exception_ptr& error) {
                                                  // A cancelled wait may end by an exception.
                                                  if (error && !cancelled_) {
                                                    std::rethrow_exception(error);
                                                  }
                                                  running_ = false;
                                                  done.Wake();
                                                }));
  }

  // Makes the coroutine's current wait fail. It has ended only when running() says so.
  void Cancel() {
    if (!running_ || cancelled_) return;
    cancelled_ = true;
    cancel_.emit(asio::cancellation_type::terminal);
  }

  [[nodiscard]] bool running() const noexcept { return running_; }

 private:
  asio::cancellation_signal cancel_;
  bool running_ = false;
  bool cancelled_ = false;  // for good: a cancelled helper is not started again
};

}  // namespace strata::sandbox
