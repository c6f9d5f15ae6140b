#include "sandbox/wasm/engine/pulse.h"

#include <algorithm>
#include <utility>

namespace strata::sandbox::wasm {
namespace {

constexpr std::chrono::milliseconds kTurn{1};

}  // namespace

Pulse::Pulse(Loop& loop, const Clock& clock, std::shared_ptr<Engine> engine,
             std::chrono::milliseconds linger)
    : clock_(clock),
      engine_(std::move(engine)),
      ticker_(*engine_),
      timer_(loop.get_executor()),
      linger_turns_(static_cast<int>(linger / kTurn)) {}

Result<void> Pulse::Start() {
  if (auto armed = ticker_.Arm(); !armed) return armed;
  on_ = true;
  cpu_.Mark();
  ScheduleTurn();
  return {};
}

void Pulse::Add(Entry& entry) {
  next_due_ = std::min(next_due_, entry.due);
  waiting_.push_back(entry);
}

void Pulse::ScheduleTurn() {
  timer_.expires_after(kTurn);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->Turn();
  });
}

void Pulse::Turn() {
  cpu_.Mark();
  engine_->Turn();
  WakeDue();
  if (waiting_.empty() && ++idle_turns_ > linger_turns_) {
    ticker_.Disarm();
    on_ = false;
    return;
  }
  ScheduleTurn();
}

// Walks the list only when some entry is due, so that thousands of patient calls cost one compare.
void Pulse::WakeDue() {
  const TimePoint now = clock_.Now();
  if (now < next_due_) return;
  next_due_ = TimePoint::max();
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Entry& entry = *next++;  // it may leave the list when it is told
    next_due_ = std::min(next_due_, entry.due);
    if (entry.due <= now) entry.Due();
  }
}

}  // namespace strata::sandbox::wasm
