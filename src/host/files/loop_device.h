// host/files/loop_device.h - a file with a file system as a block device: one for all of this host
// who mount it, or a drive of virtual machines.
//
//   MountVolume (detached_mount.h) --> AttachLoop --> /dev/loopN
//   microvm     --> OpenAsDrive --> QEMU
//
// Through two devices one file would be two file systems that overwrite each other, so a device
// that has the file already is found and used again, also one of another process. The kernel
// clears a device when the last mount and descriptor of it is gone, however that came about: nobody
// has to remove it.
//
// A machine writes blocks, so it has a file alone, and whoever has such a drive keeps a lock on the
// file (of its open file description: it goes with the last process that has it). It may also write
// a file system that is made to break whoever mounts it. So a file that a machine could write is
// marked just before it gets it (MarkWritten), and this host's kernel never mounts it again.
//
// Threads: any; blocks for moments. Errors: FailErrno's codes; kFailedPrecondition: somebody else
// has it, or it bears the mark; kUnsupported: this host has no loop devices, or the file system
// below cannot keep the mark; kResourceExhausted: no device is free. Tested by
// host/files/loop_device_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

struct LoopDevice {
  Fd held;           // keeps the device until it is mounted
  std::string path;  // "/dev/loop3"
};

// `image` is a regular file that nobody writes in another way.
Result<LoopDevice> AttachLoop(const std::filesystem::path& image);

enum class DriveAccess : std::uint8_t { kReadOnly, kWrite };

// `image` for a machine: alone, or shared with others that only read it. The descriptor and its
// duplicates hold the lock.
Result<Fd> OpenAsDrive(const std::filesystem::path& image, DriveAccess access);

// What OpenAsDrive opened with kWrite is about to be a machine's. For good.
Result<void> MarkWritten(int drive);

// kFailedPrecondition: it bears the mark.
Result<void> CheckMountable(const std::filesystem::path& image);

}  // namespace strata::host
