#include "cell/start/spawn.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "host/confine/users.h"

namespace strata::cell {
host::Identity CellUser(std::string_view instance, std::string_view tenant) {
  return host::UserOf(std::string(instance) + "/" + std::string(tenant), host::kCellUsers);
}

host::SpawnOptions CellSpawnOptions(const CellProgram& program, std::string_view tenant,
                                    std::vector<std::string> arguments) {
  host::SpawnOptions spawn;
  spawn.program = program.path;
  spawn.arguments = std::move(arguments);
  spawn.arguments.push_back("--instance=" + program.instance);
  spawn.privileges = host::Privileges::kDrop;
  spawn.stderr_fd = STDERR_FILENO;
  spawn.limits.push_back({RLIMIT_CORE, 0});
  if (::geteuid() == 0) {
    spawn.identity = CellUser(program.instance, tenant);
    spawn.namespaces = host::Namespaces::kRequired;
  } else {
    spawn.namespaces = host::Namespaces::kIfAllowed;
  }
  if (program.allow_missing_protections) {
    spawn.namespaces = host::Namespaces::kIfAllowed;
    spawn.arguments.emplace_back("--insecure-confinement=missing-ok");
  }
  return spawn;
}

}  // namespace strata::cell
