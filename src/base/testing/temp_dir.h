// base/testing/temp_dir.h - a directory that lives as long as one test; for tests only, no library
// includes it.
//
//   const TempDir dir;
//   WriteFileAtomic(dir / "file", "x");
//
// It is new, empty and private (mode 0700) and removed with its content at the end. Threads: const
// methods from any. Errors: a test without it proves nothing, so what cannot be made ends it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace strata::testing {

class TempDir {
 public:
  // Below `parent`, which exists: $TMPDIR or /tmp unless told.
  explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    // A short name: the paths of Unix sockets must fit in 107 bytes.
    std::string name = parent / "strata-test.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      std::perror(name.c_str());
      std::abort();
    }
    path_ = std::move(name);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace strata::testing
