#include "base/files/unique_directory.h"

#include <cerrno>
#include <string>

#include <stdlib.h>

namespace strata {

Result<std::filesystem::path> MakeUniqueDirectory(const std::filesystem::path& prefix) {
  std::string name = prefix.string() + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return FailErrno("make directory " + name, errno);
  return std::filesystem::path(name);
}

}  // namespace strata
