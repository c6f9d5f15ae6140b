#include "http/sleep.h"

#include <boost/asio/redirect_error.hpp>

namespace strata::http {

Awaitable<void> Sleep(Loop& loop, Duration time) {
  Timer timer(loop.get_executor());
  timer.expires_after(time);
  boost::system::error_code ignored;  // only cancellation, which means: wake up
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
}

}  // namespace strata::http
