#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "sandbox/microvm/driver.h"
#include "sandbox/microvm/layers.h"
#include "sandbox/oci/testing/root.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/own_network.h"
#include "tests/contract/program_guest.h"

namespace strata::sandbox::contract {
namespace {

// Of machines whose programs run as they are, and of those that have a container.
enum class Inside { kPrograms, kContainers };

class MicrovmHarness final : public Harness {
 public:
  explicit MicrovmHarness(Inside inside) : inside_(inside) {}

  std::string Missing() override {
    if (::geteuid() != 0) return "microVMs need root";
    if (std::string_view(STRATA_AGENT_PROGRAM).empty()) return "this build has no static agent";
    if (auto with = microvm::WithContainers({}); inside_ == Inside::kContainers && !with) {
      return with.error().message;
    }
    Loop loop;
    const SystemClock clock;
    auto driver = microvm::MicrovmDriver::Create(loop, clock, Config());
    return driver ? "" : driver.error().message;
  }

  std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                     std::uint32_t max_sandboxes) override {
    auto config = Config();
    config.max_sandboxes = max_sandboxes;
    config.egress = EgressInOwnNetwork(loop);
    config.volume_patience = std::chrono::milliseconds(500);
    config.exec_grace = std::chrono::milliseconds(500);
    auto driver = microvm::MicrovmDriver::Create(loop, clock, config);
    EXPECT_TRUE(driver.has_value()) << driver.error().message;
    return driver ? std::move(*driver) : nullptr;
  }

  Result<Fd> Artifact(Guest guest) override { return Root().Artifact({ProgramFor(guest)}); }
  std::filesystem::path scratch_root() const override { return Root().state_root(); }

  bool serves() const override { return true; }
  bool snapshots() const override { return true; }
  bool connects() const override { return true; }
  bool mounts(const model::DirGrant& dir) const override {
    using enum model::DirGrant::Mode;
    if (inside_ == Inside::kContainers) return false;
    return dir.mode == kScratch || dir.mode == kVolume || dir.mode == kVolumeReadOnly;
  }
  bool shares_volumes() const override { return false; }
  Bytes least_memory() const override { return Config().memory.least; }
  Beside beside_the_guest() const override {
    return {.least = least_memory() + Bytes::MiB(8), .most = Config().machine_memory};
  }
  std::chrono::milliseconds head_start() const override { return std::chrono::milliseconds(1000); }
  bool has_tables() const override { return false; }
  model::Grants impossible_grants() const override {
    return {.http = {{.host = "127.0.0.1"}}};  // the sandbox's own
  }

 private:
  microvm::Config Config() const {
    microvm::Config config;
    config.agent = STRATA_AGENT_PROGRAM;
    config.state_root = Root().state_root();
    config.cgroup_parent = oci::testing::GuestRoot::CgroupParent();
    if (inside_ == Inside::kContainers) config = microvm::WithContainers(std::move(config)).value();
    config.snapshots = Snapshots(inside_);
    return config;
  }

  // One for all tests of the process: so is what was booted from it.
  static const oci::testing::GuestRoot& Root() {
    static const oci::testing::GuestRoot root;
    return root;
  }
  static std::shared_ptr<microvm::SnapshotCache> Snapshots(Inside inside) {
    static std::map<Inside, std::shared_ptr<microvm::SnapshotCache>> snapshots;
    auto& of = snapshots[inside];
    if (!of) of = std::make_shared<microvm::SnapshotCache>();
    return of;
  }

  const Inside inside_;
};

}  // namespace

std::unique_ptr<Harness> MakeMicrovmHarness() {
  return std::make_unique<MicrovmHarness>(Inside::kPrograms);
}

std::unique_ptr<Harness> MakeContainerInMicrovmHarness() {
  return std::make_unique<MicrovmHarness>(Inside::kContainers);
}

}  // namespace strata::sandbox::contract
