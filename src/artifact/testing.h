// artifact/testing.h - what the tests of this folder share: files with content.
//
// For tests only; no library includes it. A file that cannot be written shows in what the test asks
// of it next. Threads: one; blocks.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/byte_view.h"

namespace strata::artifact {

inline void WriteText(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline std::vector<std::byte> BytesOf(std::string_view text) {
  const ByteView bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace strata::artifact
