#include "manager/placing/room.h"

#include <algorithm>
#include <string>
#include <variant>

#include "host/process/memory.h"

namespace strata::manager {

std::uint32_t HeldOf(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) return 1;
  const std::uint32_t least =
      service->scale ? service->scale->min.value_or(0) : service->replicas.value_or(1);
  return std::max(least, 1U);  // one that is scaled to none comes back with a call
}

std::string_view HeldField(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) return "";
  return service->scale ? "scale.min" : "replicas";
}

std::uint32_t Held::count() const {
  if (resource == nullptr || resource->workload() == nullptr) return 0;
  return std::max(HeldOf(*resource), ready);
}

Bytes RoomFor(Bytes free, const Held& now) {
  std::uint64_t room = free.count - std::min(free.count, host::kKeptFree.count);
  if (const std::uint64_t count = now.count(); count > 0) {
    const std::uint64_t held = now.resource->workload()->limits.memory.count * count;
    room += std::min(held, UINT64_MAX - room);
  }
  return Bytes{room};
}

Result<void> CheckGrowth(const model::Resource& resource, const Held& now, Bytes room) {
  const std::uint64_t held = HeldOf(resource);
  const std::uint64_t memory = resource.workload()->limits.memory.count;
  if (held <= now.count() || held * memory <= room.count) return {};
  const auto mib = [](std::uint64_t bytes) { return std::to_string(bytes >> 20); };
  return Fail(Errc::kFailedPrecondition,
              resource.key().ToString() + ": " + std::to_string(held) + " replicas need " +
                  mib(held * memory) + " MiB, and this host has " + mib(room.count) +
                  " for them; " + std::string(HeldField(resource)) + ": " +
                  std::to_string(room.count / memory) + " would do");
}

}  // namespace strata::manager
