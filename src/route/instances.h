// route/instances.h - sandboxes that live longer than one call: a Service's, and addressable ones.
//
//   call --Acquire--> [ InstanceSet: idle | leased | waiting calls ] --Lease ends--> next call
//
// A sandbox serves one call at a time; calls beyond the set's size wait in order, until their
// deadline. A sandbox that hit a limit, trapped or was stopped is not kept: its place is free again
// and the next lease is empty, for the caller to fill.
//
// Threads: one loop. Lifetime: every lease ends before the set. Tested by instances_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "route/answer/line_log.h"
#include "sandbox/driver.h"

namespace strata::route {

// One sandbox and what must live as long as it does. Does not move: the sandbox writes to `log`.
struct Instance {
  Instance(LineSink& lines, std::string id) : log(lines, std::move(id)) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] const std::string& id() const noexcept { return log.sandbox(); }

  LineLog log;
  std::unique_ptr<sandbox::Sandbox> sandbox;  // null until Function::Create; dies before its log
};

class InstanceSet {
 public:
  // One place in the set, held for one call. Move-only; the place is given back at its end.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : instance(std::move(other.instance)),
          set_(std::exchange(other.set_, nullptr)),
          keep_(other.keep_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (set_ != nullptr) set_->Return(keep_ ? std::move(instance) : nullptr);
    }

    // The call went well: the next one gets the same instance.
    void Keep() noexcept { keep_ = true; }

    std::unique_ptr<Instance> instance;  // null: the place is empty, put one here

   private:
    friend class InstanceSet;
    Lease(InstanceSet& set, std::unique_ptr<Instance> idle)
        : instance(std::move(idle)), set_(&set) {}
    InstanceSet* set_;  // null after a move
    bool keep_ = false;
  };

  InstanceSet(Loop& loop, std::size_t max) : loop_(loop), max_(max) {}
  InstanceSet(const InstanceSet&) = delete;
  InstanceSet& operator=(const InstanceSet&) = delete;

  // A place, at once or when one is given back. kDeadlineExceeded: `patience` is over.
  Task<Lease> Acquire(Duration patience);

  // Adds an instance that was made elsewhere. There must be room.
  void Add(std::unique_ptr<Instance> instance);

  [[nodiscard]] std::size_t size() const noexcept { return leased_ + idle_.size(); }

 private:
  struct Waiter {
    Timer timer;
    bool granted = false;
    std::unique_ptr<Instance> instance;
  };

  void Return(std::unique_ptr<Instance> instance);

  Loop& loop_;
  const std::size_t max_;
  std::size_t leased_ = 0;
  std::vector<std::unique_ptr<Instance>> idle_;
  std::list<Waiter*> waiters_;
};

}  // namespace strata::route
