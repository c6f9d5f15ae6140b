// advisor/recommend/documents/devices.h - the devices that a question asks for, in the documents'
// words and as a manifest has them.
//
// Threads: pure functions. Tested by devices_test.cc.
#pragma once

#include <string>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "model/device.h"

namespace strata::advisor {

struct AskedDevice {
  std::string word;  // that the rows of the quick reference for it have: "vGPU"
  model::Device device;

  // Whether a manifest can have it: which one at the USB or PCI bus has to be said.
  [[nodiscard]] bool IsWhole() const noexcept;
};

// "USB", "PCI", "GPU", "pass-through", "vGPU" or "SR-IOV", in any case, and behind a colon which
// one: "usb:1050:0407". What is said twice is there once. kNotFound: no such device, with the names
// that there are; kInvalidArgument: what is behind the colon is no vendor and product.
Result<std::vector<AskedDevice>> ReadDevices(const std::vector<std::string>& said);

// As ReadDevices takes it.
std::string ShowDevice(const model::Device& device);

// "USB, vGPU"; empty for none.
std::string WordsOf(const std::vector<AskedDevice>& devices);

}  // namespace strata::advisor
