// sandbox/wasm/scratch.h - an empty private directory that lives as long as its sandbox.
//
// The removal walks the tree and so can hold the loop for as long as the guest made it large; the
// file system's quota bounds that, not this class.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace strata::sandbox::wasm {

// Move-only; the destructor removes the directory and everything in it, without following links.
class ScratchDir {
 public:
  // Makes `root`/`id`.XXXXXX with mode 0700. Fails as mkdtemp does.
  static Result<ScratchDir> Make(const std::filesystem::path& root, std::string_view id);

  ScratchDir(ScratchDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchDir& operator=(ScratchDir&&) = delete;
  ~ScratchDir();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit ScratchDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty after a move
};

}  // namespace strata::sandbox::wasm
