#include "cell/roles/host_role.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/wasm/driver.h"

namespace strata::cell {
namespace {

// What the process was started with, for its sandboxes. Takes over the descriptors.
std::shared_ptr<sandbox::wasm::Directories> DirectoriesOf(const AllowedPaths& allowed,
                                                          const std::string& scratch_root) {
  auto directories = std::make_shared<sandbox::wasm::Directories>(scratch_root);
  for (const GivenVolume& volume : allowed.volumes) {
    directories->AddVolume(volume.image, volume.mode, Fd(volume.fd));
  }
  for (const GivenScratch& scratch : allowed.scratch) {
    for (std::uint32_t i = 0; i < scratch.count; ++i) {
      directories->AddScratch(scratch.size, Fd(scratch.fd + static_cast<int>(i)));
    }
  }
  return directories;
}

class HostRole final : public ServingRole {
 public:
  explicit HostRole(const AllowedPaths& allowed) : allowed_(allowed) {}

  [[nodiscard]] Role role() const noexcept override { return Role::kHost; }

  Result<Engine> Begin(Loop& loop, Clock& clock, const Start& start) override {
    sandbox::wasm::Config config;
    config.max_sandboxes = start.max_sandboxes;
    config.max_memory = Bytes{start.max_memory};
    config.memory_reservation = Bytes{start.memory_reservation};
    config.keep_resident = Bytes{start.keep_resident};
    config.directories = DirectoriesOf(allowed_, start.scratch_root);
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
  const AllowedPaths& allowed_;
  std::unique_ptr<sandbox::wasm::WasmDriver> driver_;
};

}  // namespace

int RunHostRole(const ServingOptions& options) {
  HostRole role(options.allowed);
  return RunServing(options, role);
}

}  // namespace strata::cell
