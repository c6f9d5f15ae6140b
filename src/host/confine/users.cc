#include "host/confine/users.h"

#include <cstddef>

#include "base/sha256.h"
#include "base/text/byte_view.h"

namespace strata::host {

std::uint32_t NumberOf(std::string_view owner) {
  const Digest digest = Sha256Of(AsBytes(owner));
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    number = number << 8 | std::to_integer<std::uint32_t>(digest.at(i));
  }
  return number;
}

Identity UserOf(std::string_view owner, const Users& of) {
  const std::uint32_t user = of.first + NumberOf(owner) % of.count;
  return {user, user};
}

}  // namespace strata::host
