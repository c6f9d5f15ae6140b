// sandbox/wasm/directories.h - the file systems that this process was given for its sandboxes:
// named volumes, and empty ones in memory of a fixed size, of which a sandbox has one at a time.
//
//   who may mount --descriptors--> [ Directories ] --paths--> the engine opens them for a sandbox
//
// The process itself mounts nothing: what it was not given it cannot show. A place in memory is
// emptied when its sandbox is gone and then given to the next; one that cannot be emptied is not
// used again.
//
// Threads: one loop; emptying walks what the guest left, at most the files that whoever mounted it
// allows. Lifetime: a Scratch keeps its Directories. Tested by directories_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::sandbox::wasm {

// A private empty directory that lives as long as its sandbox. Move-only; the destructor empties or
// removes it, without following links.
class Scratch {
 public:
  Scratch(Scratch&& other) noexcept
      : path_(std::exchange(other.path_, {})), free_(std::move(other.free_)) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  friend class Directories;
  using Places = std::vector<std::filesystem::path>;

  // `free`: whose place it is when it is empty again; null: it is removed.
  Scratch(std::filesystem::path path, std::shared_ptr<Places> free)
      : path_(std::move(path)), free_(std::move(free)) {}

  std::filesystem::path path_;  // empty after a move
  std::shared_ptr<Places> free_;
};

class Directories {
 public:
  // `root`: where unbounded directories are made; empty: nowhere.
  explicit Directories(std::filesystem::path root = {}) : root_(std::move(root)) {}

  // `mount` is the root of the file system in `image`; not valid: it could not be mounted.
  void AddVolume(std::string image, model::DirGrant::Mode mode, Fd mount);
  // `mount` is an empty file system of `size` that only this process reaches.
  void AddScratch(Bytes size, Fd mount);

  // Where the volume that `dir` names is. kUnavailable: it could not be mounted; kUnsupported: this
  // process was not given it.
  [[nodiscard]] Result<std::string> VolumeOf(const model::DirGrant& dir) const;

  // kUnsupported: this process has none of that size (0: without a bound).
  [[nodiscard]] Result<void> CheckScratch(Bytes size) const;
  // One for the sandbox `id`. kResourceExhausted: all of that size are taken.
  Result<Scratch> TakeScratch(Bytes size, std::string_view id);

 private:
  std::filesystem::path root_;
  std::vector<Fd> mounts_;
  std::map<std::pair<std::string, model::DirGrant::Mode>, std::string> volumes_;
  std::map<std::uint64_t, std::shared_ptr<Scratch::Places>> free_;  // by size
};

}  // namespace strata::sandbox::wasm
