// tests/support/run_on.h - a test that owns a loop waits on it for what other processes do.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "base/async/task.h"

namespace strata::testing {

inline constexpr std::chrono::seconds kPatience{60};  // bounds a broken test, never a passing one

// Runs `loop` until `task` has ended.
template <typename T>
Result<T> RunOn(Loop& loop, Task<T> task) {
  std::optional<Result<T>> outcome;
  asio::co_spawn(loop.get_executor(), std::move(task),
                 [&outcome](const std::exception_ptr& error, Result<T> result) {
                   if (error) std::rethrow_exception(error);
                   outcome.emplace(std::move(result));
                 });
  loop.restart();
  while (!outcome && loop.run_one_for(kPatience) > 0) {
  }
  if (!outcome) {
    // The coroutine refers to `outcome`: it must not be resumed after this.
    std::fputs("run_on: nobody answers\n", stderr);
    std::abort();
  }
  return std::move(*outcome);
}

// Runs `loop` until `condition` holds; false when it never does.
template <typename Condition>
bool RunUntil(Loop& loop, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  loop.restart();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.run_one_for(std::chrono::milliseconds(10));
    loop.restart();  // it stops when nothing is left to do; the condition may still come true
  }
  return true;
}

}  // namespace strata::testing
