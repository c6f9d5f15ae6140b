#include "kube/shim/installed.h"

#include <filesystem>
#include <system_error>

namespace strata::kube::shim {

std::string BesideUs(const char* program) {
  std::error_code ignored;
  const auto ours = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (ours.parent_path() / program).string();
}

cell::CellProgram CellProgram() { return {.path = BesideUs("strata-cell"), .instance = "kube"}; }

}  // namespace strata::kube::shim
