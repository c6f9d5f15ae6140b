#include "manager/artifacts/folder_use.h"

#include <sys/stat.h>

#include <system_error>

namespace strata::manager {

FolderUse MeasureFolder(const std::filesystem::path& folder, const FolderUse& most) {
  constexpr std::uint64_t kBlock = 512;  // what st_blocks counts in
  FolderUse use;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::recursive_directory_iterator() &&
         use.bytes <= most.bytes && use.files <= most.files) {
    struct stat status = {};
    if (::lstat(entry->path().c_str(), &status) == 0) {
      ++use.files;
      use.bytes.count += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
    }
    entry.increment(error);
  }
  return use;
}

}  // namespace strata::manager
