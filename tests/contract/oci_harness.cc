#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/testing/root.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/own_network.h"
#include "tests/contract/program_guest.h"

namespace strata::sandbox::contract {
namespace {

class OciHarness final : public Harness {
 public:
  explicit OciHarness(oci::testing::ChooseFn choose) : root_(choose) {}

  std::string Missing() override { return root_.Missing(); }

  std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                     std::uint32_t max_sandboxes) override {
    auto config = root_.config();
    config.max_sandboxes = max_sandboxes;
    config.agent = STRATA_AGENT_PROGRAM;
    config.egress = EgressInOwnNetwork(loop);
    config.exec_grace = std::chrono::milliseconds(500);
    auto driver = oci::OciDriver::Create(loop, clock, config);
    EXPECT_TRUE(driver.has_value()) << driver.error().message;
    return driver ? std::move(*driver) : nullptr;
  }

  Result<Fd> Artifact(Guest guest) override { return root_.Artifact({ProgramFor(guest)}); }
  std::filesystem::path scratch_root() const override { return root_.state_root(); }

  Bytes least_memory() const override { return root_.config().memory.least; }
  std::chrono::milliseconds head_start() const override { return std::chrono::milliseconds(500); }
  bool has_tables() const override { return false; }
  bool serves() const override { return true; }
  bool connects() const override { return true; }
  bool mounts(const model::DirGrant& /*dir*/) const override { return true; }
  model::Grants impossible_grants() const override {
    return {.http = {{.host = "127.0.0.1"}}};  // the sandbox's own
  }

  // The worker does one thing after the other: when it has run a container, it has removed those
  // before.
  void Settle(Driver& driver) override { EXPECT_TRUE(driver.Probe().has_value()); }

 private:
  const oci::testing::GuestRoot root_;
};

}  // namespace

std::unique_ptr<Harness> MakeContainerHarness() {
  return std::make_unique<OciHarness>(container::ChooseRuntime);
}

std::unique_ptr<Harness> MakeAppkernelHarness() {
  return std::make_unique<OciHarness>(appkernel::ChooseRuntime);
}

}  // namespace strata::sandbox::contract
