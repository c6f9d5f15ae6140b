// manager/artifacts/folder_use.h - how much an untrusted child has written below a folder so far.
//
//   Puller, while skopeo writes --every few ms--> [ MeasureFolder ] --too much--> it is killed
//
// Between two looks more can come than is allowed; a file's size is bounded by RLIMIT_FSIZE, too.
//
// Threads:  any; blocks for one lstat each file. Follows no links.
// Errors:   none: what vanishes meanwhile, or cannot be read, is not counted.
// Tested by manager/artifacts/folder_use_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.h"

namespace strata::manager {

struct FolderUse {
  Bytes bytes;  // on the disk: a file's holes cost nothing
  std::uint64_t files = 0;
};

// Stops counting soon after `most` is passed in either.
FolderUse MeasureFolder(const std::filesystem::path& folder, const FolderUse& most);

}  // namespace strata::manager
