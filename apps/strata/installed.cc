#include "installed.h"

#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace strata::cli {

std::optional<std::filesystem::path> FindInstalled(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : variable;
  for (;;) {
    const std::size_t end = rest.find(':');
    std::filesystem::path file = std::filesystem::path(rest.substr(0, end)) / name;
    if (file.is_absolute() && ::access(file.c_str(), X_OK) == 0) return file;
    if (end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace strata::cli
