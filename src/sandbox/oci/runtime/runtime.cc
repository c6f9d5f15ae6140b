#include "sandbox/oci/runtime/runtime.h"

#include <csignal>
#include <iterator>

#include "base/files/files.h"
#include "host/files/memfd.h"

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

host::SpawnOptions Runtime::Command(const std::filesystem::path& bundle,
                                    const std::filesystem::path& log,
                                    std::vector<std::string> verb) const {
  std::vector<std::string> arguments = {"--root", bundle / "state", "--log",
                                        log,      "--log-format",   "json"};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  arguments.insert(arguments.end(), std::make_move_iterator(verb.begin()),
                   std::make_move_iterator(verb.end()));
  return {.program = "/proc/self/fd/" + std::to_string(program_.get()),
          .arguments = std::move(arguments),
          .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          .privileges = host::Privileges::kKeep,
          .parent_death_signal = SIGKILL};
}

host::SpawnOptions Runtime::RunCommand(const std::filesystem::path& bundle, const std::string& id,
                                       const host::Cgroup& group, NetworkKind network) const {
  std::vector<std::string> verb;
  if (network == NetworkKind::kJoined) verb = network_arguments_;
  verb.insert(verb.end(), {"run", "--bundle", bundle});
  // One of its own would count against what its user may have (host/confine/session_keyring.h).
  if (!stays_) {
    verb.insert(verb.end(), {"--no-new-keyring", "--detach", "--pid-file", bundle / "pid"});
  }
  verb.push_back(id);
  host::SpawnOptions spawn = Command(bundle, bundle / "runtime.log", std::move(verb));
  if (stays_) spawn.cgroups = group.directories();
  return spawn;
}

host::SpawnOptions Runtime::ExecCommand(const std::filesystem::path& bundle, const std::string& id,
                                        const host::Cgroup& group, const ExecFiles& files) const {
  host::SpawnOptions spawn =
      Command(bundle, files.log,
              {"exec", "--process", files.process, stays_ ? "--internal-pid-file" : "--pid-file",
               files.pid, id});
  if (stays_) spawn.cgroups = group.directories();
  return spawn;
}

host::SpawnOptions Runtime::KillCommand(const std::filesystem::path& bundle, const std::string& id,
                                        const std::string& signal) const {
  return Command(bundle, bundle / "kill.log", {"kill", id, signal});
}

host::SpawnOptions Runtime::KillInnerCommand(const std::filesystem::path& bundle,
                                             const std::string& id, int inner_pid,
                                             int signal) const {
  return Command(bundle, bundle / "kill.log",
                 {"kill", "--pid", std::to_string(inner_pid), id, std::to_string(signal)});
}

host::SpawnOptions Runtime::CreateCommand(const std::filesystem::path& bundle,
                                          const std::string& id, const std::string& console) const {
  std::vector<std::string> verb = {"create", "--bundle", bundle, "--pid-file", bundle / "pid"};
  if (!console.empty()) verb.insert(verb.end(), {"--console-socket", console});
  verb.push_back(id);
  return Command(bundle, bundle / "runtime.log", std::move(verb));
}

host::SpawnOptions Runtime::StartCommand(const std::filesystem::path& bundle,
                                         const std::string& id) const {
  return Command(bundle, bundle / "runtime.log", {"start", id});
}

host::SpawnOptions Runtime::DeleteCommand(const std::filesystem::path& bundle,
                                          const std::string& id) const {
  return Command(bundle, bundle / "runtime.log", {"delete", "--force", id});
}

host::SpawnOptions Runtime::UpdateCommand(const std::filesystem::path& bundle,
                                          const std::string& id,
                                          const std::filesystem::path& resources) const {
  return Command(bundle, bundle / "runtime.log", {"update", "--resources", resources, id});
}

host::SpawnOptions Runtime::DetachedExecCommand(const std::filesystem::path& bundle,
                                                const std::string& id, const ExecFiles& files,
                                                const std::string& console) const {
  std::vector<std::string> verb = {"exec",        "--detach",   "--process",
                                   files.process, "--pid-file", files.pid};
  if (stays_) verb.insert(verb.end(), {"--internal-pid-file", files.inner_pid});
  if (!console.empty()) verb.insert(verb.end(), {"--console-socket", console});
  verb.push_back(id);
  return Command(bundle, files.log, std::move(verb));
}

}  // namespace strata::sandbox::oci
