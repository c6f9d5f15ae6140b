// sandbox/wasm/engine/pulse.h - the one place where time passes for guests: a 1 ms turn of the loop
// while any call runs or waits, and the epoch ticker beside it.
//
//   every 1 ms:  guests' own timers (Engine::Turn), then the deadlines of waiting calls
//
// One timer for all calls, because a timer per call would cost more than a short call itself. A
// deadline is therefore noticed 0 to 1 ms late, later by as long as one guest can hold the loop
// (a 1 ms slice, or one bulk-memory operation). The turn and the ticker go on for
// Config::tick_linger after the last call, then stop: an idle driver costs nothing.
//
// Threads: the loop's. Lifetime: a shared object, because its timer's handler may still be queued
// when the driver goes. An entry removes itself before it dies.
#pragma once

#include <chrono>
#include <memory>

#include <boost/intrusive/list.hpp>

#include "base/async/task.h"
#include "base/clock.h"
#include "sandbox/wasm/config.h"
#include "sandbox/wasm/engine/cpu_meter.h"
#include "sandbox/wasm/engine/engine.h"
#include "sandbox/wasm/engine/ticker.h"

namespace strata::sandbox::wasm {

class Pulse : public std::enable_shared_from_this<Pulse> {
 public:
  // A waiting call. `Due` is called once the clock has passed `due`, at every turn until removed,
  // for which Due itself is a good place.
  class Entry : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    virtual void Due() noexcept = 0;
    TimePoint due;

   protected:
    ~Entry() = default;
  };

  // `loop` and `clock` outlive the pulse.
  Pulse(Loop& loop, const Clock& clock, std::shared_ptr<Engine> engine,
        std::chrono::milliseconds linger);

  // Says that a call is about to run: starts the turn and the ticker unless they are on. Fails as
  // Ticker::Arm does.
  Result<void> Touch() {
    idle_turns_ = 0;
    return on_ ? Result<void>() : Start();
  }

  // The loop's one meter of guests' CPU time.
  [[nodiscard]] CpuMeter& cpu() noexcept { return cpu_; }

  // Adds a call that waits. It leaves the list when it is destroyed or unlinked.
  void Add(Entry& entry);

 private:
  Result<void> Start();
  void ScheduleTurn();
  void Turn();
  void WakeDue();

  const Clock& clock_;
  const std::shared_ptr<Engine> engine_;
  Ticker ticker_;
  CpuMeter cpu_;
  Timer timer_;
  boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> waiting_;
  TimePoint next_due_ = TimePoint::max();  // no entry is due before
  const int linger_turns_;
  int idle_turns_ = 0;
  bool on_ = false;
};

}  // namespace strata::sandbox::wasm
