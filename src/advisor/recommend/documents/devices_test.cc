#include "advisor/recommend/documents/devices.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/result.h"

namespace strata::advisor {
namespace {

using model::DeviceKind;

TEST(DevicesTest, TheDocumentsWordsAreAManifestsKinds) {
  const auto devices = ReadDevices(
      {"usb", "PCI:10de:20b0", "gpu", "pass-through", "vgpu", "sr-iov", "USB", "USB/PCI"});
  ASSERT_TRUE(devices.has_value()) << devices.error().message;
  ASSERT_EQ(devices->size(), 6U) << "the last two are there already";
  EXPECT_EQ(WordsOf(*devices), "USB, PCI, GPU, pass-through, vGPU, SR-IOV");
  EXPECT_FALSE((*devices)[0].IsWhole()) << "which one?";
  EXPECT_TRUE((*devices)[1].IsWhole());
  EXPECT_EQ((*devices)[1].device.id, "10de:20b0");
  EXPECT_EQ((*devices)[3].device.kind, DeviceKind::kGpu);
  EXPECT_EQ((*devices)[5].device.kind, DeviceKind::kVgpu);
  EXPECT_TRUE((*devices)[5].IsWhole());
}

TEST(DevicesTest, WhatPeopleCallThemIsFound) {
  const auto kind = [](const char* said) { return ReadDevices({said})->at(0).word; };
  EXPECT_EQ(kind("pcie"), "PCI");
  EXPECT_EQ(kind("显卡"), "GPU");
  EXPECT_EQ(kind("GPU passthrough"), "pass-through");
  EXPECT_EQ(kind("virtual-gpu"), "vGPU");
  EXPECT_EQ(kind("sriov"), "SR-IOV");
}

TEST(DevicesTest, AShownDeviceIsReadAsTheSame) {
  for (const DeviceKind kind :
       {DeviceKind::kGpu, DeviceKind::kVgpu, DeviceKind::kUsb, DeviceKind::kPci}) {
    for (const char* id : {"", "1050:0407"}) {
      const model::Device device{.kind = kind, .id = id};
      EXPECT_EQ(ReadDevices({ShowDevice(device)})->at(0).device, device);
    }
  }
}

TEST(DevicesTest, WhatIsNoneIsRefusedWithTheNames) {
  for (const char* none : {"teapot", "", ":1050:0407"}) {
    const auto refused = ReadDevices({none});
    ASSERT_FALSE(refused.has_value()) << none;
    EXPECT_EQ(refused.error().code, Errc::kNotFound);
    EXPECT_TRUE(refused.error().message.contains("vGPU")) << refused.error().message;
  }
  for (const auto& [said, near] :
       {std::pair{"usbb:1050:0407", "USB"}, {"grafics", "graphics card"}}) {
    const std::string message = ReadDevices({said}).error().message;
    EXPECT_TRUE(message.contains("did you mean '" + std::string(near) + "'?")) << message;
  }
  EXPECT_EQ(ReadDevices({"usb:key"}).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::advisor
