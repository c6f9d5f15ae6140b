#include "model/resource.h"

#include <array>
#include <cstddef>

namespace strata::model {
namespace {

constexpr std::array<std::string_view, 3> kKindNames = {"Function", "Service", "Route"};
constexpr std::array<std::string_view, 2> kVariantKindNames = {"wasm", "image"};
constexpr std::array<std::string_view, 3> kLevelNames = {"low", "medium", "high"};
constexpr std::array<std::string_view, 4> kDeviceKindNames = {"gpu", "vgpu", "usb", "pci"};
constexpr std::array<std::string_view, 2> kPlacementByNames = {"cost", "rule"};

}  // namespace

std::string_view KindName(Kind value) noexcept {
  return kKindNames[static_cast<std::size_t>(value)];
}

std::optional<Kind> KindFromName(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::string_view DeviceKindName(DeviceKind value) noexcept {
  return kDeviceKindNames[static_cast<std::size_t>(value)];
}

std::string_view LevelName(Level value) noexcept {
  return kLevelNames[static_cast<std::size_t>(value)];
}

std::string_view VariantKindName(VariantKind value) noexcept {
  return kVariantKindNames[static_cast<std::size_t>(value)];
}

std::optional<VariantKind> VariantKindFromName(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kVariantKindNames.size(); ++i) {
    if (kVariantKindNames[i] == name) return static_cast<VariantKind>(i);
  }
  return std::nullopt;
}

VariantKind VariantFor(Class sandbox_class) noexcept {
  return sandbox_class == Class::kWasm ? VariantKind::kWasm : VariantKind::kImage;
}

std::vector<NamedArtifact> ArtifactsOf(const Workload& workload) {
  if (workload.variants.empty()) return {{"spec.artifact", workload.artifact}};
  std::vector<NamedArtifact> all;
  for (const Variant& variant : workload.variants) {
    all.push_back({"spec.variants[" + std::to_string(all.size()) + "].artifact", variant.artifact});
  }
  return all;
}

std::optional<Class> ClassOf(const Workload& workload, Class otherwise) noexcept {
  const Class inner = workload.sandbox_class.value_or(otherwise);
  return workload.within ? Pair(inner, *workload.within) : inner;
}

std::string_view PlacementByName(PlacementBy value) noexcept {
  return kPlacementByNames[static_cast<std::size_t>(value)];
}

std::string ResourceKey::ToString() const {
  return std::string(KindName(kind)) + " " + tenant + "/" + name;
}

const Workload* Resource::workload() const noexcept {
  if (const auto* function = std::get_if<FunctionSpec>(&spec)) return &function->workload;
  if (const auto* service = std::get_if<ServiceSpec>(&spec)) return &service->workload;
  return nullptr;
}

}  // namespace strata::model
