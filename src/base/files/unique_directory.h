// base/files/unique_directory.h - a directory of ours in a folder that anybody may write to.
//
// Threads: any. Errors: FailErrno's codes, with the path in the message. Tested by
// unique_directory_test.cc.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace strata {

// Makes a directory that only our user may enter, of a name that nobody can guess: `prefix`, which
// may be a path, and seven characters.
Result<std::filesystem::path> MakeUniqueDirectory(const std::filesystem::path& prefix);

}  // namespace strata
