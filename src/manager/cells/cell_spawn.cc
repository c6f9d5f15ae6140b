#include "manager/cells/cell_spawn.h"

#include <sys/resource.h>

#include <algorithm>

namespace strata::manager {

cell::CellProgram CellProgramOf(const Options& options, std::string_view instance) {
  return {.path = options.cell_program.string(),
          .instance = std::string(instance),
          .allow_missing_protections = options.allow_missing_protections};
}

rlim_t FileLimit() {
  constexpr rlim_t kWanted = 65'536;
  rlimit ours{};
  if (::getrlimit(RLIMIT_NOFILE, &ours) != 0) return kWanted;
  return std::min(kWanted, ours.rlim_max);
}

}  // namespace strata::manager
