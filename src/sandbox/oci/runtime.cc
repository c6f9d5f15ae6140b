#include "sandbox/oci/runtime.h"

#include <csignal>

#include "base/files.h"
#include "host/memfd.h"

namespace strata::sandbox::oci {
namespace {

constexpr Bytes kLargestProgram = Bytes::MiB(128);

}  // namespace

Result<Runtime> Runtime::Load(const Config& config) {
  auto bytes = ReadFile(config.runtime, kLargestProgram);
  if (!bytes) return Wrap(std::move(bytes).error(), "OCI runtime");
  auto copy = host::MakeSealedProgram(config.runtime.filename(), AsBytes(*bytes));
  if (!copy) return Wrap(std::move(copy).error(), "OCI runtime");
  return Runtime(std::move(*copy), config);
}

host::SpawnOptions Runtime::RunCommand(const std::filesystem::path& bundle, const std::string& id,
                                       const host::Cgroup& group) const {
  std::vector<std::string> arguments = {
      "--root", bundle / "state", "--log", bundle / "runtime.log", "--log-format", "json"};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  arguments.insert(arguments.end(), {"run", "--bundle", bundle});
  if (!stays_) arguments.insert(arguments.end(), {"--detach", "--pid-file", bundle / "pid"});
  arguments.push_back(id);
  host::SpawnOptions spawn{.program = "/proc/self/fd/" + std::to_string(program_.get()),
                           .arguments = std::move(arguments),
                           .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                           .privileges = host::Privileges::kKeep,
                           .parent_death_signal = SIGKILL};
  if (stays_) spawn.cgroups = group.directories();
  return spawn;
}

}  // namespace strata::sandbox::oci
