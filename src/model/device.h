// model/device.h - a piece of the host's hardware that a workload asks for, by the words of the
// documents' device column: a GPU as a whole, a share of one, something at the USB or PCI bus.
//
// Which class could grant one, and that none does yet, is said in sandbox/devices.h.
//
// Threads: values. Tested by model/manifest/manifest_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::model {

enum class DeviceKind : std::uint8_t {
  kGpu,   // passed through as a whole
  kVgpu,  // a share of one: a vGPU, or a virtual function (SR-IOV)
  kUsb,
  kPci,
};
std::string_view DeviceKindName(DeviceKind value) noexcept;  // "gpu", "vgpu", "usb", "pci"

struct Device {
  DeviceKind kind = DeviceKind::kGpu;
  // Vendor and product in hex, as lsusb and lspci -n show them: "10de:20b0"; empty: any of the
  // kind.
  std::string id;
  friend bool operator==(const Device&, const Device&) = default;
};

}  // namespace strata::model
