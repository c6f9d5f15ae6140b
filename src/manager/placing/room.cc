#include "manager/placing/room.h"

#include <algorithm>
#include <string>
#include <variant>

#include "host/process/memory.h"

namespace strata::manager {
namespace {

Bytes LeftOf(Bytes free) { return Bytes{free.count - std::min(free.count, host::kKeptFree.count)}; }

Bytes MemoryOf(const model::Resource& resource, std::uint64_t count) {
  return Bytes{resource.workload()->limits.memory.count * count};
}

}  // namespace

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

Bytes RoomBeside(Bytes free, const Held& now) {
  const Bytes left = LeftOf(free);
  if (now.count() == 0) return left;
  return std::max(left, MemoryOf(*now.resource, HeldOf(*now.resource)));
}

Bytes RoomWith(Bytes free, const Held& now) {
  const Bytes left = LeftOf(free);
  if (now.count() == 0) return left;
  const Bytes held = MemoryOf(*now.resource, now.count());
  return Bytes{left.count + std::min(held.count, UINT64_MAX - left.count)};
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
