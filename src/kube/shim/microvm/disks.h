// kube/shim/microvm/disks.h - who makes a machine's disk, beside how many others, and for how long
// anybody waits for it.
//
//   MicrovmBackend --look, make--> [ Disks ] --> a thread for each step
//
// A disk is made of mounts, and one whose server does not answer holds the thread that looks at it,
// which nobody can take back. So each step has a thread of its own. One that is not done in time is
// left behind and its turn passed on; a tenant may leave only a few. One disk of a tenant is made
// at a time, and few of all; what it is made of is looked at without a turn of others'.
//
// Threads:  the loop's. Lifetime: outlives its calls and, or their threads are waited for at its
//           end, what they left behind (at_work).
// Errors:   kDeadlineExceeded: a step was not done in time; kResourceExhausted: the tenant has left
//           too many behind; else the steps' own. Tested by disks_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/async/keyed_turns.h"
#include "base/async/promise.h"
#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/files/fd.h"
#include "sandbox/microvm/machine/disk.h"
#include "sandbox/worker.h"

namespace strata::kube::shim {

class Disks {
 public:
  using Trees = std::vector<sandbox::microvm::Tree>;
  using Look = std::move_only_function<Result<Trees>()>;
  using MakeOf = std::move_only_function<Result<Fd>(const Trees&)>;

  // For each step. mkfs itself has ten minutes.
  struct Patience {
    std::chrono::milliseconds look = std::chrono::seconds(30);
    std::chrono::milliseconds make = std::chrono::minutes(11);
  };

  explicit Disks(Loop& loop) : Disks(loop, Patience()) {}
  Disks(Loop& loop, Patience patience);
  Disks(const Disks&) = delete;
  Disks& operator=(const Disks&) = delete;

  // `look` sees the process's mounts, `make` has a mount namespace of its own. Both own what they
  // use.
  Task<Fd> Make(std::string tenant, Look look, MakeOf make);

  // Whether a thread is, also one that was left behind.
  [[nodiscard]] bool at_work() const noexcept { return !at_work_.empty(); }

 private:
  template <typename T>
  using Answer = std::shared_ptr<Promise<T>>;

  // Does `job` on a thread that ends with it.
  template <typename T>
  Task<T> RunFor(std::chrono::milliseconds patience, std::string tenant,
                 sandbox::WorkerMounts mounts, std::move_only_function<Result<T>()> job);
  template <typename T>
  Awaitable<void> Finish(std::string tenant, std::unique_ptr<sandbox::Worker> worker,
                         std::move_only_function<Result<T>()> job, Answer<T> answer);

  Loop& loop_;
  const Patience patience_;
  Turns turns_;
  KeyedTurns of_tenants_;
  std::map<std::string, std::size_t> at_work_;  // threads of each tenant that has any
};

}  // namespace strata::kube::shim
