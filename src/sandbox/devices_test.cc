#include "sandbox/devices.h"

#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

using model::Class;
using model::DeviceKind;

// A class whose line became empty would be given to workloads that ask for a device.
TEST(DevicesTest, NoClassClaimsToGrantAny) {
  for (const Class each : model::kClasses) {
    for (const auto kind :
         {DeviceKind::kGpu, DeviceKind::kVgpu, DeviceKind::kUsb, DeviceKind::kPci}) {
      EXPECT_NE(WhyNoDevice(each, kind), "")
          << model::ClassName(each) << " " << model::DeviceKindName(kind);
    }
  }
}

}  // namespace
}  // namespace strata::sandbox
