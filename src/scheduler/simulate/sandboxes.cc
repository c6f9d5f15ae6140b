#include "scheduler/simulate/sandboxes.h"

#include "scheduler/simulate/units.h"

namespace strata::scheduler::simulate {

std::optional<SandboxId> Sandboxes::Add(std::uint32_t function, model::Class sandbox_class,
                                        Bytes memory, Duration now) {
  const auto node = nodes_.Reserve(sandbox_class, memory);
  if (!node) return std::nullopt;
  SandboxId id = 0;
  if (free_.empty()) {
    id = static_cast<SandboxId>(all_.size());
    all_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  all_[id] = {
      .function = function, .node = *node, .memory = memory, .sandbox_class = sandbox_class};
  Hold(sandbox_class, Mib(memory), PriceOf(id), now);
  return id;
}

void Sandboxes::Remove(SandboxId id, Duration now) {
  Sandbox& gone = all_[id];
  nodes_.Release(gone.node, gone.memory);
  Hold(gone.sandbox_class, -Mib(gone.memory), PriceOf(id), now);
  free_.push_back(id);
}

void Sandboxes::SetIdle(SandboxId id, IdleStack& stack) {
  Sandbox& it = all_[id];
  it.idle = true;
  it.older = newest_;
  it.newer = kNone;
  (newest_ == kNone ? oldest_ : all_[newest_].newer) = id;
  newest_ = id;
  it.below = stack.top;
  it.above = kNone;
  if (stack.top != kNone) all_[stack.top].above = id;
  stack.top = id;
}

void Sandboxes::SetBusy(SandboxId id, IdleStack& stack) {
  Sandbox& it = all_[id];
  it.idle = false;
  (it.older == kNone ? oldest_ : all_[it.older].newer) = it.newer;
  (it.newer == kNone ? newest_ : all_[it.newer].older) = it.older;
  (it.above == kNone ? stack.top : all_[it.above].below) = it.below;
  if (it.below != kNone) all_[it.below].above = it.above;
}

void Sandboxes::Hold(model::Class sandbox_class, double mib, double price, Duration now) noexcept {
  Held& held = held_[static_cast<std::size_t>(sandbox_class)];
  held.mib_ms += held.mib * Ms(now - held.since);
  held.priced_mib_ms += held.priced_mib * Ms(now - held.since);
  held.mib += mib;
  held.priced_mib += mib * price;
  held.since = now;
}

double Sandboxes::HeldMibMs(model::Class sandbox_class, Duration now) const noexcept {
  const Held& held = held_[static_cast<std::size_t>(sandbox_class)];
  return held.mib_ms + held.mib * Ms(now - held.since);
}

double Sandboxes::PricedMibMs(model::Class sandbox_class, Duration now) const noexcept {
  const Held& held = held_[static_cast<std::size_t>(sandbox_class)];
  return held.priced_mib_ms + held.priced_mib * Ms(now - held.since);
}

}  // namespace strata::scheduler::simulate
