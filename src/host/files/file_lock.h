// host/files/file_lock.h - a file that one process at a time holds (flock).
//
// The kernel lets go of it when the holder dies, but for a child of the holder that is between fork
// and exec: it holds the lock some milliseconds longer. So the new owner waits a moment.
//
// Threads: any; blocks up to `patience`. Lifetime: held until the descriptor is closed.
// Errors: kFailedPrecondition (held by another process), of errno otherwise.
#pragma once

#include <chrono>
#include <filesystem>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

inline constexpr std::chrono::milliseconds kLockPatience{1000};

// Opens `path`, or makes it (0600), never through a link, and locks it.
Result<Fd> LockFile(const std::filesystem::path& path,
                    std::chrono::milliseconds patience = kLockPatience);

}  // namespace strata::host
