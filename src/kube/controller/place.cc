#include "kube/controller/place.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "model/memory_bounds.h"

namespace strata::kube::controller {
namespace {

using model::Class;

constexpr std::array kClasses = {Class::kWasm, Class::kContainer, Class::kAppkernel,
                                 Class::kMicrovm};

// What the shim refuses when its machine is to start (kube/shim/microvm/config.h): a directory in
// memory is one of the host's for it, too.
bool CouldWriteDirectories(const model::Workload& workload) {
  return !workload.grants.dirs.empty() ||
         std::ranges::any_of(workload.mounts,
                             [](const model::Mount& mount) { return !mount.read_only; });
}

// Why `resource` is not made in that class.
std::string Lacking(Class sandbox_class, const model::Resource& resource) {
  if (sandbox_class == Class::kMicrovm && CouldWriteDirectories(*resource.workload())) {
    return "on a cluster a machine shares no directory that it could write: mount volumes with "
           "'read_only', and leave tmpfs and scratch directories out";
  }
  const bool server = IsServer(resource);
  if ((sandbox_class == Class::kWasm) != server) return {};
  return server ? "on a cluster a component gets a fresh sandbox for each request: make it a "
                  "Function"
                : "on a cluster nobody makes a sandbox for each call of an image: with a class and "
                  "'guest: http' it is one server for all its calls";
}

// A pod's limit holds what its class itself needs, and the shim refuses less.
model::MemoryBounds MemoryOf(Class sandbox_class) {
  if (sandbox_class == Class::kAppkernel)
    return {.least = model::MemoryBoundsOf(sandbox_class).least};
  // In a pod's machine programs run in containers.
  if (sandbox_class != Class::kMicrovm) return {};
  return {.least = model::MemoryBoundsOf(Class::kContainerInMicrovm).least};
}

std::string LabelOf(Class sandbox_class) {
  return "strata.dev/" + std::string(model::ClassName(sandbox_class));
}

}  // namespace

std::string RuntimeClassOf(Class sandbox_class) {
  return "strata-" + std::string(model::ClassName(sandbox_class));
}

scheduler::ClassSet ClassesOf(const Json& node) {
  scheduler::ClassSet classes;
  const Json none = Json::object();
  const Json labels = node.value("/metadata/labels"_json_pointer, none);
  for (const Class each : kClasses) {
    if (labels.value(LabelOf(each), "") == "true") classes.Add(each);
  }
  return classes;
}

bool IsServer(const model::Resource& resource) {
  if (resource.kind() == model::Kind::kService) return true;
  const model::Workload& workload = *resource.workload();
  return workload.guest == model::GuestKind::kHttp &&
         workload.sandbox_class.value_or(Class::kWasm) != Class::kWasm;
}

Result<model::Placement> Place(const model::Resource& resource, const ClusterNodes& nodes) {
  const model::Workload& workload = *resource.workload();
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (workload.within) {
    return Fail(Errc::kUnsupported, "spec.within: no node has one class within another yet");
  }
  if (!workload.devices.empty()) {
    return Fail(Errc::kUnsupported, "spec.devices: no node gives devices to sandboxes yet");
  }
  std::vector<scheduler::Option> options;
  for (const Class each : kClasses) {
    scheduler::Option& option = options.emplace_back();
    option.sandbox_class = each;
    option.variant = true;
    option.lacking = Lacking(each, resource);
    option.memory = MemoryOf(each);
  }
  std::vector<scheduler::Node> known;
  known.reserve(nodes.size());
  for (const auto& [name, classes] : nodes) {
    // How much memory is free is for Kubernetes' own scheduler to see.
    known.push_back({.name = name, .free_memory = Bytes{UINT64_MAX}, .classes = classes});
  }
  const scheduler::Question question{.function = service == nullptr,
                                     .start_each = !IsServer(resource),
                                     .requires_ = workload.requires_,
                                     .slo = workload.slo,
                                     .budget = workload.budget,
                                     .by = workload.placement,
                                     .asked = workload.sandbox_class,
                                     .memory = workload.limits.memory,
                                     .replicas = service == nullptr ? 1 : service->most()};
  auto placement = scheduler::Choose(question, options, known);
  if (placement) placement->node.clear();  // that is Kubernetes' choice
  return placement;
}

}  // namespace strata::kube::controller
