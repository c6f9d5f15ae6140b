#include "base/async/gate.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace strata {

Task<void> Gate::WaitEmpty(std::shared_ptr<State> state) {
  // A cancelled wait would throw from the next co_await; here it is a result.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (state->holders != 0) {
    boost::system::error_code woken;  // always operation_aborted: by a Holder, or by cancellation
    co_await state->emptied.async_wait(asio::redirect_error(kAwait, woken));
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      co_return Fail(Errc::kUnavailable, "closing the gate was cancelled");
    }
  }
  co_return Result<void>();
}

}  // namespace strata
