// kube/shim/microvm/machines.h - class microvm on this node: QEMU, its guest's kernel and the agent
// in it, as they work here.
//
//   Container --> [ Microvm ] --> MicrovmBackend --> sandbox/microvm: Machine
//
// Threads:  the loop's. Lifetime: loop and clock outlive it; what Find gave may outlive it.
// Errors:   kUnsupported: QEMU, the guest's kernel, an OCI runtime or the agent are not installed.
// Tested by tests/kube/microvm_test.py.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/clock.h"
#include "base/result.h"
#include "kube/shim/microvm/disks.h"
#include "sandbox/microvm/config.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/worker.h"

namespace strata::kube::shim {

class Microvm {
 public:
  // `agent`: strata-agent's path.
  Microvm(Loop& loop, const Clock& clock, std::string agent);
  Microvm(const Microvm&) = delete;
  Microvm& operator=(const Microvm&) = delete;

  // Never null. The first call looks for what is here and tries KVM, which takes seconds; one that
  // failed is tried again. Where KVM did not work, as on a node that was too busy, so is one ten
  // minutes later.
  Task<std::shared_ptr<sandbox::microvm::Shared>> Find();

  [[nodiscard]] Disks& disks() noexcept { return disks_; }

 private:
  Loop& loop_;
  const Clock& clock_;
  const std::string agent_;
  Turns turns_;
  Disks disks_;
  std::unique_ptr<sandbox::Worker> worker_;  // of its own: the shim's has pods waiting for it
  std::shared_ptr<sandbox::microvm::Shared> found_;
  TimePoint found_at_{};
};

// The machines of this node's pods, with their files in `folder` and their control groups below
// `groups`, on what works here; tries KVM, which takes seconds.
Result<sandbox::microvm::Config> ChooseMachines(const std::string& agent,
                                                const std::filesystem::path& folder,
                                                const std::string& groups);

// The name of what belongs to the container in `bundle`, where names are short.
std::string MachineName(const std::string& bundle);

// What a killed shim left of a disk that it was making.
void RemoveLeftDisk(const std::string& bundle);

}  // namespace strata::kube::shim
