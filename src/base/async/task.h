// base/async/task.h - what a function that waits returns: an Asio coroutine on its owner's loop.
//
//   Task<int> Read(...);            int or Error, later
//   auto n = co_await Read(...);    Result<int>
//
// Threads: a loop (asio::io_context) is run by exactly one thread; everything that belongs to a
// loop is touched on it only. The executor type is concrete because the type-erased one costs an
// allocation and a virtual call at every step of the data path.
// Cancellation is Asio's: a cancelled wait ends with Errc::kUnavailable, and resources are freed by
// destructors.
#pragma once

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace strata {

namespace asio = boost::asio;

using Loop = asio::io_context;
using Executor = Loop::executor_type;
// Waits in Clock's time (base/clock.h): steady, in the loop it is made with.
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

template <typename T>
using Awaitable = asio::awaitable<T, Executor>;

template <typename T>
using Task = Awaitable<Result<T>>;

inline constexpr asio::use_awaitable_t<Executor> kAwait{};

// Starts `task` (Awaitable<void>) on `loop` and does not wait for it. An exception that escapes it
// is a bug and ends the program.
template <typename Coroutine>
void Spawn(Loop& loop, Coroutine&& task) {
  asio::co_spawn(loop.get_executor(), std::forward<Coroutine>(task), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace strata
