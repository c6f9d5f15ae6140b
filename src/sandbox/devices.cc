#include "sandbox/devices.h"

#include <array>
#include <cstddef>

namespace strata::sandbox {
namespace {

// By model::DeviceKind: gpu, vgpu, usb, pci.
using Reasons = std::array<std::string_view, 4>;

constexpr Reasons kWasm = {
    "a wasm guest has no devices; a GPU could work for it behind a host interface (WASI-NN), which "
    "this engine does not have",
    "a wasm guest has no devices; a GPU could work for it behind a host interface (WASI-NN), which "
    "this engine does not have",
    "a wasm guest has no devices, and no host interface leads to USB",
    "a wasm guest has no devices, and no host interface leads to PCI"};

constexpr Reasons kContainer = {
    "a container could get the GPU's device files (CDI); this driver gives it none",
    "a container could get the device files of a part of a GPU; this driver gives it none",
    "a container could get a file of /dev/bus/usb; this driver gives it none",
    "a container could get the device's VFIO file; this driver gives it none"};

constexpr Reasons kAppkernel = {
    "runsc can hand NVIDIA GPUs on (nvproxy); this driver does not turn that on",
    "gVisor's kernel has no driver for a share of a GPU", "gVisor's kernel has no USB",
    "gVisor's kernel has no PCI devices"};

constexpr Reasons kMachine = {
    "QEMU could pass it through (VFIO); this driver's machines have no PCI bus to put it on",
    "QEMU could pass a virtual function through (VFIO); this driver's machines have no PCI bus to "
    "put it on",
    "QEMU could pass it through (usb-host); this driver's machines have no USB bus",
    "QEMU could pass it through (VFIO); this driver's machines have no PCI bus to put it on"};

const Reasons& Of(model::Class sandbox_class) noexcept {
  switch (sandbox_class) {
    case model::Class::kWasm:
      return kWasm;
    case model::Class::kContainer:
      return kContainer;
    case model::Class::kAppkernel:
      return kAppkernel;
    case model::Class::kMicrovm:
    case model::Class::kContainerInMicrovm:  // its machine would have to have it first
      break;
  }
  return kMachine;
}

}  // namespace

std::string_view WhyNoDevice(model::Class sandbox_class, model::DeviceKind kind) noexcept {
  return Of(sandbox_class)[static_cast<std::size_t>(kind)];
}

}  // namespace strata::sandbox
