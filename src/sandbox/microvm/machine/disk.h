// sandbox/microvm/machine/disk.h - what a machine boots from: disks made of directories of the
// host, and memory.
//
//   RootImage, mounted directories --mkfs.erofs--> [ MakeDisk ] --> MachineParts::disk
//
// mkfs reads what an image's author chose: it is confined to those files and the disk, which is
// made for it, has no name by then, and grows no larger than what was found before.
//
// Threads:  those that may block, in a mount namespace of their own (the worker). Lifetime: nothing
//           of a disk has a name afterwards.
// Errors:   FailErrno's codes with the step's name; kInternal: mkfs' own words; kUnsupported: more
//           than a disk holds; kResourceExhausted: no room for it. Tested by disk_test.cc,
//           tests/contract, tests/kube/microvm_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/config.h"

namespace strata::sandbox::microvm {

// Of the layers of `root`, made in a directory `name` of Config::state_root.
Result<Fd> MakeDisk(const Config& config, const artifact::RootImage& root, const std::string& name);

// A directory or file of the host: a mount that is attached nowhere, of which only what can be read
// is looked at.
struct Tree {
  std::string name;  // one path component
  Fd mount;
  bool directory = true;
};
// Without what is mounted below it, read-only. FailErrno's codes.
Result<Tree> OpenTree(std::string name, const std::string& path);

// How much there is of something: bytes as a disk has them, and files, directories and links.
struct TreeSize {
  Bytes bytes;
  std::uint64_t files = 0;
};
// Looks through what was opened, whatever its path shows by now. kUnsupported: it is more than
// `most`, or has a device, pipe or socket in it. What is written to it meanwhile is not seen.
Result<TreeSize> MeasureTree(const Tree& tree, const TreeSize& most);

// Of `trees`, a folder for each (DiskLayout::kTrees).
Result<Fd> MakeDisk(const Config& config, const std::vector<Tree>& trees, const std::string& name);

// Of the guest, all zeros.
Result<Fd> MakeMemory(Bytes size);

}  // namespace strata::sandbox::microvm
