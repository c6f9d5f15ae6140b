#include "base/async/pause.h"

#include <boost/asio/redirect_error.hpp>

namespace strata {

Awaitable<void> Pause(Loop& loop, Duration time) {
  Timer timer(loop.get_executor());
  timer.expires_after(time);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
}

}  // namespace strata
