// host/loop_device.h - a file as a block device, one for all who mount it.
//
//   oci::Bundle --> AttachLoop --> /dev/loopN --> mount
//
// Through two devices one file would be two file systems that overwrite each other, so a device
// that has the file already is found and used again, also one of another process. The kernel
// clears a device when the last mount and descriptor of it is gone, however that came about: nobody
// has to remove it.
//
// Threads: any; blocks. Errors: FailErrno's codes; kUnsupported: this host has no loop devices;
// kResourceExhausted: none is free. Tested by host/loop_device_test.cc.
#pragma once

#include <filesystem>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace strata::host {

struct LoopDevice {
  Fd held;           // keeps the device until it is mounted
  std::string path;  // "/dev/loop3"
};

// `image` is a regular file that nobody writes in another way.
Result<LoopDevice> AttachLoop(const std::filesystem::path& image);

}  // namespace strata::host
