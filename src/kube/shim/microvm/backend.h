// kube/shim/microvm/backend.h - class microvm: a container in a virtual machine of its own.
//
//   Make:  root, read-only mounts --EROFS--> disk;  pod's eth0 --> tap;  QEMU boots, and waits
//   Start: config.json for the machine --> agent --> OCI runtime --> the program
//
// The machine is that of class container-in-microvm (sandbox/microvm/layers.h), booted for this
// container: no snapshot. On the host it is one QEMU process, unprivileged, in a control group that
// is ours.
//
// Errors: those of network.h, programs.h and sandbox/microvm; kUnsupported: more than can be copied
// is mounted. Tested by tests/kube/microvm_test.py.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/cgroup/cgroup.h"
#include "kube/shim/microvm/config.h"
#include "kube/shim/microvm/network.h"
#include "kube/shim/microvm/programs.h"
#include "kube/shim/shared.h"
#include "kube/shim/task/backend.h"
#include "sandbox/microvm/shared.h"

namespace strata::kube::shim {

class MicrovmBackend final : public Backend {
 public:
  MicrovmBackend(Shared& shared, std::shared_ptr<sandbox::microvm::Shared> machines,
                 std::string tenant, std::string bundle, MicrovmConfig config)
      : shared_(shared),
        machines_(std::move(machines)),
        tenant_(std::move(tenant)),
        bundle_(std::move(bundle)),
        config_(std::move(config)) {}

  Task<void> Make(ContainerProcess& first) override;
  Task<void> Start() override;
  Task<void> Exec(ContainerProcess& exec) override;
  Task<void> Kill(ContainerProcess& process, int signal) override;
  Task<host::ExitStatus> Ended(ContainerProcess& process) override;
  Result<void> Resize(ContainerProcess& process, host::TerminalSize size) override;
  [[nodiscard]] bool members_are_programs() const noexcept override { return false; }
  Task<void> Update(std::string resources) override;
  Task<void> Remove() override;
  [[nodiscard]] host::Cgroup* group() const noexcept override { return group_.get(); }

 private:
  Task<Fd> MakeDisk();
  Task<MachineNetwork> Plug();
  Task<std::shared_ptr<sandbox::microvm::Machine>> Boot(const Fd& disk,
                                                        const MachineNetwork& network);

  Shared& shared_;
  const std::shared_ptr<sandbox::microvm::Shared> machines_;
  const std::string tenant_;
  const std::string bundle_;
  const MicrovmConfig config_;
  std::shared_ptr<host::Cgroup> group_;
  std::shared_ptr<Programs> programs_;
  bool terminal_ = false;
  bool started_ = false;
  bool plugged_ = false;
};

}  // namespace strata::kube::shim
