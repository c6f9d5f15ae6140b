#include "manager/placing/fits.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sandbox/abilities.h"

namespace strata::manager {
namespace {

std::string_view KindOf(const model::Volume& volume) {
  if (volume.named) return sandbox::kNamedVolume;
  if (volume.tmpfs) return sandbox::kTmpfsVolume;
  return volume.host->read_only ? sandbox::kHostVolume : sandbox::kWritableHostVolume;
}

Result<void> CheckVolumes(const model::Resource& resource, model::Class sandbox_class) {
  const model::Workload& workload = *resource.workload();
  const std::string class_name(model::ClassName(sandbox_class));
  if (auto fits = CheckCellVolumes(workload); !fits && sandbox_class == model::Class::kWasm) {
    return Wrap(fits.error(), resource.key().ToString() + ": spec.volumes: class " + class_name);
  }
  for (const model::Volume& volume : workload.volumes) {
    const std::string place =
        resource.key().ToString() + ": spec.volumes: '" + volume.name + "': class " + class_name;
    const std::string_view kind = KindOf(volume);
    if (const auto why = sandbox::WhyNot(sandbox_class, kind); !why.empty()) {
      return Fail(Errc::kUnsupported, place + " has no " + std::string(kind) + ": " +
                                          std::string(why) + "; use another class");
    }
    const bool written = std::ranges::any_of(workload.mounts, [&](const model::Mount& mount) {
      return mount.volume == volume.name && !mount.read_only;
    });
    const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
    const bool several = service != nullptr && service->most() > 1;
    if (sandbox_class == model::Class::kMicrovm && volume.named && written && several) {
      return Fail(Errc::kUnsupported,
                  place +
                      " writes blocks, so one sandbox at a time has the volume: set replicas or "
                      "scale.max to 1, mount it read-only, or use another class");
    }
    if (volume.tmpfs && volume.tmpfs->size > workload.limits.memory) {
      return Fail(Errc::kInvalidArgument,
                  resource.key().ToString() + ": spec.volumes: '" + volume.name +
                      "': a tmpfs is memory, and limits.memory_mib is less than its size_mib");
    }
  }
  return {};
}

// A wasm service's sandboxes are no processes: they are made when a call comes, and a new one takes
// the place of one that ended. There is nothing to count, connect to, probe, start again or ask to
// end.
Result<void> CheckWasmService(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) return {};
  const model::ServiceSpec plain;
  const char* field = nullptr;
  if (service->stop_timeout != plain.stop_timeout) field = "stop_timeout_ms";
  if (service->restart != plain.restart) field = "restart";
  if (service->health) field = "health";
  if (service->replicas) field = "replicas";
  if (service->scale) field = "scale";
  if (service->port != plain.port) field = "port";
  if (field == nullptr) return {};
  return Fail(Errc::kUnsupported, resource.key().ToString() + ": spec." + field +
                                      ": a wasm service has no process; its sandboxes are made "
                                      "when calls come. Leave it out, or deploy an image");
}

// Of a Function whose every artifact is wasm; a variant that is an image may have it.
Result<void> CheckWasmScale(const model::Resource& resource) {
  const auto* function = std::get_if<model::FunctionSpec>(&resource.spec);
  if (function == nullptr || function->scale == model::Scale()) return {};
  if (!function->workload.variants.empty()) return {};
  return Fail(Errc::kUnsupported,
              resource.key().ToString() + ": spec.scale: " + std::string(model::kNothingToKeep));
}

// A server's calls share its processes: nobody could tell whose CPU time it is.
Result<void> CheckServerLimits(const model::Resource& resource) {
  if (!IsServer(resource)) return {};
  const auto* function = std::get_if<model::FunctionSpec>(&resource.spec);
  if (function != nullptr && function->scale != model::Scale()) {
    return Fail(Errc::kUnsupported, resource.key().ToString() +
                                        ": spec.scale: a Function whose guest is 'http' is one "
                                        "server for all its calls; leave it out, or deploy a "
                                        "Service");
  }
  if (resource.workload()->limits.cpu_time == model::Limits().cpu_time) return {};
  return Fail(Errc::kUnsupported, resource.key().ToString() +
                                      ": spec.limits.cpu_time_ms: the calls of a server share its "
                                      "CPU time; leave it out");
}

}  // namespace

bool IsServer(const model::Resource& resource) {
  return resource.kind() == model::Kind::kService ||
         resource.workload()->guest == model::GuestKind::kHttp;
}

Result<void> CheckCellVolumes(const model::Workload& workload) {
  const auto mounted = [](const model::Volume& volume) { return !volume.host.has_value(); };
  if (::geteuid() == 0 || std::ranges::none_of(workload.volumes, mounted)) return {};
  return Fail(Errc::kUnsupported, "named volumes and tmpfs are mounted, which needs root");
}

Result<void> CheckAbilities(const model::Resource& resource, model::Class sandbox_class) {
  if (auto fits = CheckVolumes(resource, sandbox_class); !fits) return fits;
  if (sandbox_class == model::Class::kWasm) {
    if (auto fits = CheckWasmScale(resource); !fits) return fits;
    return CheckWasmService(resource);
  }
  return CheckServerLimits(resource);
}

Result<model::Class> WholeClass(const Candidate& candidate, model::Class inner,
                                std::string_view asked) {
  const model::Resource& resource = candidate.resource.resource;
  const model::Workload& workload = *resource.workload();
  const bool has_image = candidate.Find(model::VariantKind::kImage) != nullptr;
  const std::string name(model::ClassName(inner));
  if (candidate.Find(model::VariantFor(inner)) == nullptr) {
    return Fail(Errc::kInvalidArgument, resource.key().ToString() + ": " + std::string(asked) +
                                            " '" + name + "' but the artifact is " +
                                            (has_image ? "a container image" : "wasm") +
                                            "; spec.variants can hold one of each");
  }
  const auto whole = workload.within ? model::Pair(inner, *workload.within) : inner;
  if (!whole) {
    return Fail(Errc::kUnsupported, resource.key().ToString() + ": spec.within: class " + name +
                                        " runs within no other; there is " +
                                        std::string(model::kPairs));
  }
  if (auto fits = CheckAbilities(resource, *whole); !fits) return std::unexpected(fits.error());
  return *whole;
}

Result<std::optional<model::Class>> AskedClass(const Candidate& candidate) {
  const model::Workload& workload = *candidate.resource.resource.workload();
  if (!workload.sandbox_class && !workload.within) return std::nullopt;
  const bool has_image = candidate.Find(model::VariantKind::kImage) != nullptr;
  const model::Class inner =
      workload.sandbox_class.value_or(has_image ? model::Class::kContainer : model::Class::kWasm);
  return WholeClass(candidate, inner, "spec.class is");
}

}  // namespace strata::manager
