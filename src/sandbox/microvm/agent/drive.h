// sandbox/microvm/agent/drive.h - the drives of the virtual machine, known by their serial numbers:
// their order is nobody's promise.
//
//   qemu_command.h (serial=) --> /sys/block --> [ AwaitDrive, FindAnew ] --> guest.cc, volumes.cc
//
// Threads:  one; blocks, for ten seconds at the most. Errors: kNotFound: it does not appear;
//           FailErrno's codes. Tested by tests/contract.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::sandbox::microvm::agent {

struct BlockDrive {
  std::string node;    // "/dev/vda"
  std::string device;  // "virtio1", as its driver knows it
};

// Drives appear some milliseconds after their driver.
Result<BlockDrive> AwaitDrive(std::string_view serial);

// The same, as its driver finds it now: another file, of another size, has come in its place while
// the machine was not running.
Result<BlockDrive> FindAnew(std::string_view serial);

}  // namespace strata::sandbox::microvm::agent
