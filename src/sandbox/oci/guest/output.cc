#include "sandbox/oci/guest/output.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace strata::sandbox::oci {

Awaitable<void> CollectLines(Descriptor& from, LogLines& lines) {
  std::array<char, 16 * 1024> part;
  while (true) {
    const ssize_t got = ::read(from.native_handle(), part.data(), part.size());
    if (got > 0) {
      lines.Write({part.data(), static_cast<std::size_t>(got)});
      co_await asio::post(from.get_executor(), kAwait);
      continue;
    }
    if (got == 0 || errno != EAGAIN) co_return;
    boost::system::error_code failed;
    co_await from.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    if (failed) co_return;
  }
}

}  // namespace strata::sandbox::oci
