#include "cell/start/spawn.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/sha256.h"
#include "base/text/byte_view.h"

namespace strata::cell {
namespace {

// Above every range that Debian, systemd or a container runtime hands out, below 2^31.
// Behind those of containers (host/confine/user_range.h) and machines (sandbox/microvm/config.cc),
// below 2³¹.
constexpr std::uint32_t kFirstUser = 2'100'000'000;
constexpr std::uint32_t kUsers = 47'000'000;

}  // namespace

host::Identity CellUser(std::string_view instance, std::string_view tenant) {
  const Digest digest = Sha256Of(AsBytes(std::string(instance) + "/" + std::string(tenant)));
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | std::to_integer<std::uint32_t>(digest[i]);
  const std::uint32_t user = kFirstUser + number % kUsers;
  return {user, user};
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
