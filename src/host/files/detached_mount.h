// host/files/detached_mount.h - file systems that are mounted nowhere: only who has the descriptor,
// or was passed it, reaches them.
//
//   AttachMount (user_namespace.h)    puts one into a mount namespace
//   "/proc/self/fd/N"                 opens its root in a process that has no mounts of its own
//
// The kernel unmounts it when its last descriptor closes or, once attached, with its namespace:
// nobody has to remove it, however those who have it end.
//
// Threads:  any; MountVolume blocks as long as mounting does, and may repeat a journal.
// Errors:   those of AttachLoop and UserNamespace::MapMount; FailErrno's codes. Needs root.
// Tested by detached_mount_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "host/confine/user_namespace.h"
#include "host/process/process.h"

namespace strata::host {

// An empty file system in memory whose root is `owner`'s alone. More than `size`, or than `files`
// files and directories, is ENOSPC. No devices, setuid or programs.
Result<Fd> MountTmpfs(Bytes size, std::uint64_t files, const Identity& owner);

enum class MountsBelow : std::uint8_t { kNot, kToo };

// What is at `path`, a directory or file, as a read-only mount of its own, with `more` attributes
// (MOUNT_ATTR_...); the mounts below it have them, too, or are not in it.
Result<Fd> CloneReadOnly(const std::string& path, MountsBelow below, std::uint64_t more = 0);

enum class VolumeAccess : std::uint8_t { kReadOnly, kWrite };

// The ext4 file system in the file `image`, by its one loop device: whoever mounts it shares one
// file system of the kernel. Read-only is this mount, not the file system. No devices, no setuid.
// With `users` the mount is mapped for them; null: as on disk.
Result<Fd> MountVolume(const std::filesystem::path& image, VolumeAccess access,
                       const UserNamespace* users);

}  // namespace strata::host
