// kube/shim/task/oci_backend.h - classes container and appkernel: an OCI runtime makes what
// config.json says.
//
// What it leaves is an orphan and so our child, whose exit status is the program's: with runc the
// program itself; with a runtime that stays (runsc) what serves its system calls, in a control
// group that we make and limit, and which takes signals for it.
//
// Errors: kInternal: the runtime's own words; kUnsupported: less memory than it needs for itself.
// Tested by tests/kube/ctr_test.py, tests/kube/appkernel_test.py.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/async/task.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"
#include "kube/shim/shared.h"
#include "kube/shim/task/backend.h"
#include "kube/shim/task/console.h"
#include "kube/shim/task/own_group.h"
#include "sandbox/oci/runtime/runtime.h"

namespace strata::kube::shim {

class OciBackend final : public Backend {
 public:
  // `runtime` outlives it. `group`: for one that stays.
  OciBackend(Shared& shared, const sandbox::oci::Runtime& runtime, std::string id,
             std::string bundle, std::optional<GroupPlan> group = std::nullopt)
      : shared_(shared),
        runtime_(runtime),
        id_(std::move(id)),
        bundle_(std::move(bundle)),
        plan_(std::move(group)) {}

  Task<void> Make(ContainerProcess& first) override;
  Task<void> Start() override;
  Task<void> Exec(ContainerProcess& exec) override;
  Task<void> Kill(ContainerProcess& process, int signal) override;
  [[nodiscard]] bool members_are_programs() const noexcept override { return !runtime_.stays(); }
  Task<void> Update(std::string resources) override;
  Task<void> Remove() override;
  [[nodiscard]] host::Cgroup* group() const noexcept override { return group_.get(); }

 private:
  // Until `command` has ended; fails with its last words of `log`. Not in the group of a
  // runtime that stays: a frozen or throttled one would hold up the start, and that holds up all.
  static Task<void> Run(host::SpawnOptions command, std::string log);
  // Of a process that DetachedExecCommand made.
  Result<void> Take(ContainerProcess& exec, const sandbox::oci::Runtime::ExecFiles& files,
                    const std::optional<ConsoleSocket>& socket);
  [[nodiscard]] std::string log() const { return bundle_ + "/runtime.log"; }
  Result<std::optional<ConsoleSocket>> ListenForTerminal(const ContainerProcess& process,
                                                         const std::string& name) const;
  Result<void> TakeTerminal(ContainerProcess& process, const std::optional<ConsoleSocket>& socket);

  Shared& shared_;
  const sandbox::oci::Runtime& runtime_;
  const std::string id_;
  const std::string bundle_;
  const std::optional<GroupPlan> plan_;
  std::shared_ptr<host::Cgroup> group_;
  std::uint64_t execs_ = 0;
};

}  // namespace strata::kube::shim
