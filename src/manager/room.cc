#include "manager/room.h"

#include <algorithm>
#include <variant>

#include "host/memory.h"

namespace strata::manager {

std::uint32_t HeldOf(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) return 1;
  const std::uint32_t least =
      service->scale ? service->scale->min.value_or(0) : service->replicas.value_or(1);
  return std::max(least, 1U);  // one that is scaled to none comes back with a call
}

Bytes RoomFor(Bytes free, const model::Resource* now) {
  std::uint64_t room = free.count - std::min(free.count, host::kKeptFree.count);
  if (now != nullptr && now->workload() != nullptr) {
    const std::uint64_t held = now->workload()->limits.memory.count * HeldOf(*now);
    room += std::min(held, UINT64_MAX - room);
  }
  return Bytes{room};
}

}  // namespace strata::manager
