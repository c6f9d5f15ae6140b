#include "kube/shim/microvm/machines.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "base/sha256.h"
#include "sandbox/microvm/driver.h"
#include "sandbox/microvm/layers.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;
namespace microvm = sandbox::microvm;

// Not in memory, as bundles are: a disk is as large as its image.
constexpr const char* kDisks = "/var/lib/strata-kube/microvm";
constexpr const char* kGroups = "strata-microvm";  // of the machine that tries KVM
constexpr std::chrono::seconds kBootPatience{60};  // emulated, beside others that boot
constexpr std::chrono::minutes kTryKvmAgain{10};
constexpr std::size_t kShortName = 32;

Result<std::shared_ptr<microvm::Shared>> FindMachines(Loop& loop, const Clock& clock,
                                                      const std::string& agent) {
  const auto chosen = ChooseMachines(agent, kDisks, kGroups);
  if (!chosen) return std::unexpected(chosen.error());
  return microvm::MakeShared(loop, clock, *chosen);
}

}  // namespace

Result<microvm::Config> ChooseMachines(const std::string& agent, const fs::path& folder,
                                       const std::string& groups) {
  microvm::Config config;
  config.agent = agent;
  config.state_root = folder;
  config.cgroup_parent = groups;
  config.user = microvm::MachineUser("kube");
  config.boot_patience = kBootPatience;
  auto with = microvm::WithContainers(std::move(config));
  if (!with) return std::unexpected(std::move(with).error());
  return microvm::ChooseAccelerator(std::move(*with));
}

Microvm::Microvm(Loop& loop, const Clock& clock, std::string agent)
    : loop_(loop), clock_(clock), agent_(std::move(agent)), turns_(loop, 1), disks_(loop) {}

Task<std::shared_ptr<microvm::Shared>> Microvm::Find() {
  auto turn = co_await turns_.Take();
  if (!turn) co_return std::unexpected(std::move(turn).error());
  const bool emulated = found_ && found_->config.accelerator == microvm::Accelerator::kTcg;
  if (found_ && !(emulated && clock_.Now() - found_at_ >= kTryKvmAgain)) co_return found_;
  if (!worker_) {
    auto worker = sandbox::Worker::Start();
    if (!worker) co_return std::unexpected(std::move(worker).error());
    worker_ = std::move(*worker);
  }
  std::move_only_function<Result<std::shared_ptr<microvm::Shared>>()> find = [this] {
    return FindMachines(loop_, clock_, agent_);
  };
  auto found = co_await worker_->Run(std::move(find));
  found_at_ = clock_.Now();
  if (!found && found_) co_return found_;
  if (!found) co_return std::unexpected(std::move(found).error());
  found_ = std::move(*found);
  co_return found_;
}

std::string MachineName(const std::string& bundle) {
  return "m-" + Sha256Hex(bundle).substr(0, kShortName);
}

void RemoveLeftDisk(const std::string& bundle) {
  std::error_code ignored;
  fs::remove_all(fs::path(kDisks) / MachineName(bundle), ignored);
}

}  // namespace strata::kube::shim
