#include <unistd.h>

#include <memory>
#include <string_view>

#include "sandbox/microvm/driver.h"
#include "sandbox/oci/testing/root.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/own_network.h"
#include "tests/contract/program_guest.h"

namespace strata::sandbox::contract {
namespace {

class MicrovmHarness final : public Harness {
 public:
  std::string Missing() override {
    if (::geteuid() != 0) return "microVMs need root";
    if (std::string_view(STRATA_AGENT_PROGRAM).empty()) return "this build has no static agent";
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
    return dir.mode == kScratch || dir.mode == kVolume || dir.mode == kVolumeReadOnly;
  }
  bool shares_volumes() const override { return false; }
  Bytes least_memory() const override { return microvm::Config().min_memory; }
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
    config.snapshots = Snapshots();
    config.cgroup_parent = oci::testing::GuestRoot::CgroupParent();
    return config;
  }

  // One for all tests of the process: so is what was booted from it.
  static const oci::testing::GuestRoot& Root() {
    static const oci::testing::GuestRoot root;
    return root;
  }
  static std::shared_ptr<microvm::SnapshotCache> Snapshots() {
    static const auto snapshots = std::make_shared<microvm::SnapshotCache>();
    return snapshots;
  }
};

}  // namespace

std::unique_ptr<Harness> MakeMicrovmHarness() { return std::make_unique<MicrovmHarness>(); }

}  // namespace strata::sandbox::contract
