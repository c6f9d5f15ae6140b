#include "sandbox/microvm/layers.h"

#include "base/text/json.h"
#include "model/memory_bounds.h"
#include "sandbox/oci/runtime/programs.h"
#include "sandbox/oci/runtime/runtime_config.h"

namespace strata::sandbox::microvm {
Result<Config> WithContainers(Config config) {
  const oci::RuntimeProgram* const runtime = oci::FindInstalled();
  if (runtime == nullptr) {
    return Fail(Errc::kUnsupported,
                "container-in-microvm: no OCI runtime is installed (Debian: crun, runc)");
  }
  config.runtime = runtime->path;
  config.memory = model::MemoryBoundsOf(model::Class::kContainerInMicrovm);
  return config;
}

std::string ContainerConfig(const Config& config, const artifact::RootImage& image,
                            const Spec& spec, const model::Env& env) {
  // What the machine is alone for has its network: the way out ends there.
  return DumpJson(oci::MakeRuntimeConfig(
      {.image = image,
       .env = env,
       .grants = spec.grants,
       .hostname = spec.id,
       .root = kRoot,
       .cgroup_path = kContainerGroup,
       .limits = {.memory = spec.limits.memory, .cpu_millis = 0, .pids = config.pids},
       .writable = config.writable,
       .agent = kAgentInMachine,
       .network = kMachineNetwork,
       .resolv_conf = {}}));
}

std::string ContainerProcess(const artifact::RootImage& image, const model::Env& env,
                             const sandbox::Program& program) {
  const auto terminal = program.terminal ? oci::Terminal::kYes : oci::Terminal::kNo;
  Json process = oci::MakeExecProcess(image, env, program.args, terminal);
  if (program.terminal) {
    process["consoleSize"] = {{"height", program.terminal->rows},
                              {"width", program.terminal->columns}};
  }
  return DumpJson(process);
}

}  // namespace strata::sandbox::microvm
