#include "sandbox/wasm/scratch.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace strata::sandbox::wasm {

Result<ScratchDir> ScratchDir::Make(const std::filesystem::path& root, std::string_view id) {
  std::string name = (root / id).string() + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return FailErrno("make scratch directory " + name, errno);
  return ScratchDir(name);
}

ScratchDir::~ScratchDir() {
  // What cannot be removed goes with the cell's scratch folder when the cell has ended.
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace strata::sandbox::wasm
