#include "base/files/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/files/files.h"

namespace strata {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// Takes `directory`.
Result<std::vector<std::string>> ReadNames(Fd directory, const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> opened(directory.valid() ? ::fdopendir(directory.get())
                                                                      : nullptr);
  if (!opened) return FailErrno("read directory " + path, errno);
  static_cast<void>(directory.Release());  // closedir's
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(opened.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return FailErrno("read directory " + path, errno);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<std::string>> NamesIn(const std::filesystem::path& directory) {
  auto opened = OpenFile(directory, O_RDONLY | O_DIRECTORY);
  if (!opened) return std::unexpected(std::move(opened).error());
  return ReadNames(std::move(*opened), directory.string());
}

Result<std::vector<std::string>> NamesIn(const Fd& directory, const std::string& path) {
  // A descriptor of its own: a duplicate would share the place that was read up to.
  return ReadNames(Fd(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), path);
}

}  // namespace strata
