// base/files/directory.h - the names in a directory, read whole before anything is done with them:
// who removes some on the way sees no half of it, and a disk that fails midway is an error.
//
// These calls block. Threads: any. Errors: FailErrno's codes, with the path in the message. Tested
// by base/files/directory_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata {

// Sorted, without "." and "..".
Result<std::vector<std::string>> NamesIn(const std::filesystem::path& directory);

// Of an open one; `path` is what the message calls it.
Result<std::vector<std::string>> NamesIn(const Fd& directory, const std::string& path);

}  // namespace strata
