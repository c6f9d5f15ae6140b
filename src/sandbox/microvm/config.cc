#include "sandbox/microvm/config.h"

#include <cstddef>

#include "base/sha256.h"
#include "base/text/byte_view.h"

namespace strata::sandbox::microvm {

host::Identity MachineUser(std::string_view owner) {
  constexpr std::uint32_t kFirstUser = 2'000'000'000;
  constexpr std::uint32_t kUsers = 100'000'000;
  const Digest digest = Sha256Of(AsBytes(owner));
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | std::to_integer<std::uint32_t>(digest[i]);
  const std::uint32_t user = kFirstUser + number % kUsers;
  return {user, user};
}

}  // namespace strata::sandbox::microvm
