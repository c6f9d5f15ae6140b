#include "http/sleep.h"

#include <chrono>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>

namespace strata::http {

Awaitable<void> Sleep(Loop& loop, Duration time) {
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer(loop.get_executor());
  timer.expires_after(time);
  boost::system::error_code ignored;  // only cancellation, which means: wake up
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
}

}  // namespace strata::http
