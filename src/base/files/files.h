// base/files/files.h - whole files, read with a limit and written so that a crash leaves the old or
// the new content, never a mixture.
//
// These calls block on the disk: control path and start-up only, never a request's way.
// Thread-safe as far as the file system is. Errors: FailErrno's codes, with the path in the
// message. Tested by base/files/files_test.cc.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata {

// Opens `path` with open(2)'s `flags` (O_CLOEXEC is added) and `mode`.
Result<Fd> OpenFile(const std::filesystem::path& path, int flags, mode_t mode = 0600);

struct RegularFile {
  Fd fd;
  Bytes size;  // when it was opened
};
// Opens `path` for reading, without waiting. kInvalidArgument: it is no regular file.
Result<RegularFile> OpenRegular(const std::filesystem::path& path);

// A second descriptor of the same open file, close-on-exec.
Result<Fd> DuplicateFd(const Fd& fd);

// The content of `path`. kResourceExhausted: it is longer than `limit` (also when it grows while it
// is read, and for files of unknown size such as /proc); kInvalidArgument: it is no regular file.
Result<std::string> ReadFile(const std::filesystem::path& path, Bytes limit);

// Writes all of `content` to `fd`, going on after short writes and signals.
Result<void> WriteAll(int fd, std::string_view content);

// Replaces `path` by `content`: a temporary file in the same directory, fsync, rename, fsync of the
// directory. After success the new content survives a power cut. On failure `path` is untouched and
// the temporary file is removed.
Result<void> WriteFileAtomic(const std::filesystem::path& path, std::string_view content,
                             mode_t mode = 0600);

// Makes names created or removed in `directory` survive a power cut.
Result<void> SyncDirectory(const std::filesystem::path& directory);

// Makes `directory` and its missing parents with `mode`. Succeeds when it is there already.
Result<void> MakeDirectories(const std::filesystem::path& directory, mode_t mode = 0700);

}  // namespace strata
