// kube/shim/wasm/backend.h - class wasm: a WASI command, or a wasi:http component, in a cell of its
// own, with the container's root, mounted directories, variables, streams and limits.
//
//   Make:  config.json --> WasmConfig --> module, compiled --> WasmZygotes --> a cell, waiting
//                                    '--> listeners of a component, in the pod's network
//   Start: one byte, and it runs
//
// One process for each container: its pid, signals, exit status and control group are those of any
// program's. It is confined as every cell is, by its own means and not by config.json, and has no
// network but the listeners.
//
// Errors: those of wasm/config.h, wasm/modules.h and pod/network.h; kNotFound, kInvalidArgument:
// the module; kUnsupported: a component without a network, or with arguments. Tested by
// tests/kube/wasm_test.py, tests/kube/http_test.py.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files/fd.h"
#include "base/text/json.h"
#include "host/cgroup/cgroup.h"
#include "kube/shim/shared.h"
#include "kube/shim/task/backend.h"
#include "kube/shim/wasm/config.h"
#include "kube/shim/wasm/modules.h"

namespace strata::kube::shim {

class WasmBackend final : public Backend {
 public:
  // `config`: the container's config.json.
  WasmBackend(Shared& shared, std::string name_space, std::string id, std::string bundle,
              Json config)
      : shared_(shared),
        name_space_(std::move(name_space)),
        id_(std::move(id)),
        bundle_(std::move(bundle)),
        config_(std::move(config)) {}

  Task<void> Make(ContainerProcess& first) override;
  Task<void> Start() override;
  Task<void> Exec(ContainerProcess& exec) override;
  Task<void> Update(std::string resources) override;
  Task<void> Remove() override;
  [[nodiscard]] host::Cgroup* group() const noexcept override { return group_.get(); }

 private:
  Task<WasmCode> Compile(const WasmConfig& config);
  Task<WasmModule> Read(const std::string& path);
  Task<std::vector<Fd>> Listen(const WasmConfig& config);
  Task<void> Spawn(ContainerProcess& first, const WasmConfig& config, const WasmCode& code,
                   std::vector<Fd> listeners);

  Shared& shared_;
  const std::string name_space_;
  const std::string id_;
  const std::string bundle_;
  Json config_;  // until Make
  std::shared_ptr<host::Cgroup> group_;
  std::shared_ptr<const void> zygote_;  // that it came from
  Fd begin_;                            // a byte lets it run
};

}  // namespace strata::kube::shim
