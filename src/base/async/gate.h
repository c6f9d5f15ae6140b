// base/async/gate.h - "no new work, then wait for the old": how everything that serves is stopped.
//
//   auto holder = gate.Enter();         // every unit of work holds one
//   if (!holder) return Refuse();       // the gate is closed
//   ...
//   co_await gate.Close();              // refuses newcomers, ends when the last holder is gone
//
// Threads: one loop. Lifetime: a Holder may outlive the Gate (a suspended task that a dying loop
// destroys), so both share the small state. Errors: Close fails with kUnavailable when its wait is
// cancelled; the gate stays closed then. Tested by base/async/gate_test.cc.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/async/task.h"

namespace strata {

class Gate {
  struct State {
    explicit State(Loop& loop) : emptied(loop.get_executor(), Timer::time_point::max()) {}
    std::size_t holders = 0;
    bool closed = false;
    Timer emptied;  // never expires; cancelled to wake whoever waits in Close()
  };

 public:
  // One unit of work inside the gate; leaves in the destructor. Move-only.
  class Holder {
   public:
    Holder(Holder&&) noexcept = default;
    Holder& operator=(Holder&& other) noexcept {
      std::swap(state_, other.state_);
      return *this;
    }
    ~Holder() {
      if (state_ && --state_->holders == 0 && state_->closed) state_->emptied.cancel();
    }

   private:
    friend class Gate;
    explicit Holder(std::shared_ptr<State> state) : state_(std::move(state)) { ++state_->holders; }
    std::shared_ptr<State> state_;  // null after a move
  };

  explicit Gate(Loop& loop) : state_(std::make_shared<State>(loop)) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // A holder, or nothing once Close() was called.
  [[nodiscard]] std::optional<Holder> Enter() {
    if (state_->closed) return std::nullopt;
    return Holder(state_);
  }

  // Refuses newcomers at once and waits until every holder is gone. May be called again, also while
  // another Close() waits.
  Task<void> Close() {
    state_->closed = true;
    return WaitEmpty(state_);
  }

  [[nodiscard]] bool closed() const noexcept { return state_->closed; }
  [[nodiscard]] std::size_t holders() const noexcept { return state_->holders; }

 private:
  // The state is a parameter, so that the coroutine keeps it whatever happens to the Gate.
  static Task<void> WaitEmpty(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace strata
