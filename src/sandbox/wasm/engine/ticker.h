// sandbox/wasm/engine/ticker.h - advances the engine's epoch every millisecond, from a signal
// handler.
//
// A POSIX timer sends a realtime signal to the loop's thread, whose handler does one atomic add: it
// interrupts a spinning guest, which no timer of the loop could, and needs no second thread. The
// signal is SIGRTMIN; system calls restart where the kernel allows it, and epoll_wait returns
// early, which Asio takes as an empty turn.
//
// Threads:  Arm, Disarm and the destructor on the thread that armed it first.
// Lifetime: the engine outlives the ticker. The signal goes to the thread that destroys it, so none
//           is under way once the destructor returns.
#pragma once

#include <ctime>

#include "base/result.h"
#include "sandbox/wasm/engine/engine.h"

namespace strata::sandbox::wasm {

class Ticker {
 public:
  explicit Ticker(const Engine& engine) : engine_(engine) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker();

  // Starts and stops the 1 ms tick; one system call each (the first Arm: three). Arm fails with
  // kResourceExhausted when the process has no timer left; guests then run without time slices, so
  // the caller must not run one.
  Result<void> Arm();
  void Disarm() noexcept;

 private:
  Result<void> Make();

  const Engine& engine_;
  timer_t timer_{};
  bool made_ = false;
};

}  // namespace strata::sandbox::wasm
