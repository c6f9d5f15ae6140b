#include "cell/host_role.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/wasm/driver.h"

namespace strata::cell {
namespace {

class HostRole final : public ServingRole {
 public:
  [[nodiscard]] Role role() const noexcept override { return Role::kHost; }

  Result<Engine> Begin(Loop& loop, Clock& clock, const Start& start) override {
    sandbox::wasm::Config config;
    config.max_sandboxes = start.max_sandboxes;
    config.max_memory = Bytes{start.max_memory};
    config.memory_reservation = Bytes{start.memory_reservation};
    config.keep_resident = Bytes{start.keep_resident};
    config.scratch_root = start.scratch_root;
    auto driver = sandbox::wasm::WasmDriver::Create(loop, clock, config);
    if (!driver) return Wrap(std::move(driver).error(), "start the engine");
    driver_ = std::move(*driver);
    return Engine{.driver = driver_.get(), .key = driver_->EngineKey(), .denials = [this] {
                    return driver_->metrics().outgoing_denied;
                  }};
  }

  Result<bool> Handle(ToCell&, std::vector<Fd>&) override { return false; }
  [[nodiscard]] std::vector<std::string> endpoints() const override { return {}; }

 private:
  std::unique_ptr<sandbox::wasm::WasmDriver> driver_;
};

}  // namespace

int RunHostRole(const ServingOptions& options) {
  HostRole role;
  return RunServing(options, role);
}

}  // namespace strata::cell
