// kube/shim/task/runc_backend.h - class container: an OCI runtime makes what config.json says.
//
// The container is the runtime's orphan and so our child: its exit status is ours to read.
//
// Errors: kInternal: the runtime's own words. Tested by tests/kube/ctr_test.py.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/task.h"
#include "host/cgroup.h"
#include "host/process.h"
#include "kube/shim/shared.h"
#include "kube/shim/task/backend.h"
#include "kube/shim/task/console.h"

namespace strata::kube::shim {

class RuncBackend final : public Backend {
 public:
  RuncBackend(Shared& shared, std::string id, std::string bundle)
      : shared_(shared), id_(std::move(id)), bundle_(std::move(bundle)) {}

  Task<void> Make(ContainerProcess& first) override;
  Task<void> Start() override;
  Task<void> Exec(ContainerProcess& exec) override;
  Task<void> Update(std::string resources) override;
  Task<void> Remove() override;
  [[nodiscard]] host::Cgroup* group() const noexcept override { return group_.get(); }

 private:
  static Task<void> Run(host::SpawnOptions command, std::string log);
  [[nodiscard]] std::string log() const { return bundle_ + "/runtime.log"; }
  Result<std::optional<ConsoleSocket>> ListenForTerminal(const ContainerProcess& process,
                                                         const std::string& name) const;
  Result<void> TakeTerminal(ContainerProcess& process, const std::optional<ConsoleSocket>& socket);

  Shared& shared_;
  const std::string id_;
  const std::string bundle_;
  std::unique_ptr<host::Cgroup> group_;
  std::uint64_t execs_ = 0;
};

}  // namespace strata::kube::shim
