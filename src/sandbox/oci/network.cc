#include "sandbox/oci/network.h"

#include <utility>

namespace strata::sandbox::oci {

Task<void> Network::Open() {
  if (spec_.grants.http.empty()) co_return Result<void>{};
  if (outlet_ && !shared_.config.takes_address) co_return Result<void>{};
  outlet_.reset();
  auto joined = co_await shared_.config.egress->Join(spec_, shared_.UsersOrNull());
  if (!joined) co_return std::unexpected(std::move(joined).error());
  outlet_ = std::move(joined->outlet);
  bundle_.Join(std::move(joined->network));
  co_return Result<void>{};
}

}  // namespace strata::sandbox::oci
