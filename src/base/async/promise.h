// base/async/promise.h - one value that one coroutine waits for and something else on the loop
// provides.
//
//   Promise<int> answer(loop);
//   answer.Set(3);                              // e.g. when a message arrives
//   auto n = co_await answer.Wait(deadline);    // Result<int>
//
// Threads: one loop. Lifetime: the waiter's frame or a later one must not outlive the Promise.
// Errors: kDeadlineExceeded when nothing came in time; whatever error Set() was given.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>

#include "base/async/task.h"

namespace strata {

template <typename T>
class Promise {
 public:
  explicit Promise(Loop& loop) : timer_(loop.get_executor()) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  // Provides the outcome; the first one counts.
  void Set(Result<T> outcome) {
    if (outcome_) return;
    outcome_.emplace(std::move(outcome));
    timer_.cancel();
  }

  [[nodiscard]] bool ready() const noexcept { return outcome_.has_value(); }

  // Waits at most `patience`. One waiter; the outcome is moved out.
  Task<T> Wait(std::chrono::milliseconds patience) {
    if (!outcome_) {
      timer_.expires_after(patience);
      boost::system::error_code
          ignored;  // cancelled: the outcome is there, or the waiter was ended
      co_await timer_.async_wait(asio::redirect_error(kAwait, ignored));
    }
    if (!outcome_) co_return Fail(Errc::kDeadlineExceeded, "no answer in time");
    co_return std::move(*outcome_);
  }

 private:
  Timer timer_;
  std::optional<Result<T>> outcome_;
};

}  // namespace strata
