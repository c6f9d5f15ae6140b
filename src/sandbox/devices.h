// sandbox/devices.h - what each class would need to hand out a device of the host. No driver hands
// out any today, so a workload that asks for one is refused, with these words; nothing here ever
// grants.
//
//   spec.devices --> manager (place.cc) --> [ WhyNoDevice ] --> scheduler::Option::withheld
//
// A driver that learns to changes its line, and gives the device in its sandboxes.
//
// Threads:  any; constants. Errors: none. Tested by sandbox/devices_test.cc and
//           tests/e2e/placement_test.py.
#pragma once

#include <string_view>

#include "model/device.h"
#include "model/values.h"

namespace strata::sandbox {

// Why the class has no such device for a sandbox: whether it could in principle, and what is
// missing. Empty: it has.
std::string_view WhyNoDevice(model::Class sandbox_class, model::DeviceKind kind) noexcept;

}  // namespace strata::sandbox
