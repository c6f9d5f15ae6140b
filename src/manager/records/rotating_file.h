// manager/records/rotating_file.h - an append-only text file of bounded size that readers follow by
// offset.
//
// Past `limit` it becomes "<path>.1" (the former one goes) and starts anew. Offsets count every
// byte ever appended since it was opened, so a follower that fell behind a rotation goes on at the
// oldest byte still here. Appends are not synced: these are logs, the durable records are
// elsewhere. Threads: one loop. Errors: what cannot be written (disk full) is dropped, and said so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata::manager {

class RotatingFile {
 public:
  static Result<RotatingFile> Open(std::filesystem::path path, Bytes limit);

  // `lines` is whole lines, each with its newline. Returns how many bytes were dropped: all or
  // none.
  std::size_t Append(std::string_view lines) noexcept;

  // Whole lines from `offset` on, at most `limit` bytes of them.
  struct Chunk {
    std::string text;
    std::uint64_t next = 0;
  };
  [[nodiscard]] Result<Chunk> Read(std::uint64_t offset, Bytes limit) const;

  // Where the last `lines` lines begin (looking back at most 1 MiB).
  [[nodiscard]] Result<std::uint64_t> TailOffset(std::uint32_t lines) const;

  [[nodiscard]] std::uint64_t end() const noexcept { return base_ + size_; }

 private:
  RotatingFile(std::filesystem::path path, Bytes limit, Fd fd, std::uint64_t size)
      : path_(std::move(path)), limit_(limit), fd_(std::move(fd)), size_(size) {}
  Result<void> Rotate();

  std::filesystem::path path_;
  Bytes limit_;
  Fd fd_;
  std::uint64_t base_ = 0;  // bytes before the current file
  std::uint64_t size_ = 0;  // of the current file
};

}  // namespace strata::manager
