// artifact/unpack/beneath.h - names from a hostile archive, turned into places in one directory
// that no name leads out of. Internal to the folder.
//
//   UnpackLayer (layer.h) --an entry's name--> [ PlainPath, FindPlace ] --> a name in a directory
//
// Directories are opened by openat2, beneath the root and through no link, so what an earlier entry
// has put there cannot lead a later one astray.
//
// Threads:  one. Lifetime: `root` is borrowed. Errors: kInvalidArgument: a name that is refused;
//           FailErrno's codes. Tested by layer_test.cc and tests/e2e/images_test.py.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::artifact::unpack {

// `name` without "/" and "." before and between its parts; empty for the root. kInvalidArgument: a
// part is "..", or it is longer than 4,095 bytes.
Result<std::string> PlainPath(std::string_view name);

// How many entries, and directories on the way to one, may still be made: a name can make two
// thousand of the latter.
class Budget {
 public:
  explicit Budget(std::uint64_t most) : most_(most), left_(most) {}
  // Takes one; kResourceExhausted: none is left.
  Result<void> Take();

 private:
  const std::uint64_t most_;
  std::uint64_t left_;
};

// Where an entry goes: its name in an open directory.
struct Place {
  Fd parent;
  std::string parent_path;  // empty: the root
  std::string name;
  [[nodiscard]] std::string Path() const {
    return parent_path.empty() ? name : parent_path + "/" + name;
  }
};

// The directory `path` below `root`; "" is `root`. kInvalidArgument: a part of it is a link.
Result<Fd> OpenDirectory(const Fd& root, const std::string& path);

// The place of the plain, non-empty `path`; missing directories on the way are made (0755), each
// taken from `budget`.
Result<Place> FindPlace(const Fd& root, const std::string& path, Budget& budget);

// Removes what an earlier entry has put there, unless it is a directory with something in it.
Result<void> ClearPlace(const Place& place);

Result<void> SetAttributes(const Fd& file, mode_t mode, std::int64_t uid, std::int64_t gid,
                           const std::string& name);

}  // namespace strata::artifact::unpack
