// scheduler/simulate/sandboxes.h - the sandboxes of a simulated fleet: which node each takes memory
// of, and which are idle: of each function the latest first, of all the longest first.
//
//   Simulator --Add, Remove, SetIdle, SetBusy--> [ Sandboxes ] --Reserve, Release--> NodeIndex
//
// A sandbox is made busy, may be idle and busy in turn, and is removed while it is busy. It is
// known by the number of its place, which the next one takes when it is gone; whoever keeps a
// number longer must see that it is another (Simulator does, by `look`). The two orders of idle
// ones are lists through the sandboxes themselves: each call takes constant time, but for finding a
// node.
//
// Threads:  one. Lifetime: a reference from operator[] is good until the next Add.
// Errors:   want of room is no id; a wrong id or state is a bug of the simulator's and not looked
//           for.
// Times are since the trace's start, and never go back. Tested by simulator_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "model/values.h"
#include "scheduler/placing/node_index.h"

namespace strata::scheduler::simulate {

using SandboxId = std::uint32_t;
inline constexpr SandboxId kNone = UINT32_MAX;

struct Sandbox {
  std::uint32_t function = 0;
  std::uint32_t node = 0;
  Bytes memory;
  Duration ready{};         // one that is made before its call can take it from then on
  Duration until{};         // an idle one goes then
  Duration look{};          // when it is next looked at whether it should; zero: not
  SandboxId older = kNone;  // idle ones of all functions
  SandboxId newer = kNone;
  SandboxId below = kNone;  // idle ones of this function
  SandboxId above = kNone;
  model::Class sandbox_class = model::Class::kWasm;
  bool idle = false;
};

// The idle sandboxes of a function.
struct IdleStack {
  SandboxId top = kNone;
};

class Sandboxes {
 public:
  explicit Sandboxes(NodeIndex nodes) : nodes_(std::move(nodes)) {}

  [[nodiscard]] Sandbox& operator[](SandboxId id) noexcept { return all_[id]; }
  [[nodiscard]] std::span<const Node> Candidates() const noexcept { return nodes_.Candidates(); }

  // Busy, on the node that NodeIndex chooses, holding `memory` from `now` on. Nothing: no node has
  // room.
  std::optional<SandboxId> Add(std::uint32_t function, model::Class sandbox_class, Bytes memory,
                               Duration now);
  // A busy one: gives its node the memory back, and its number to the next.
  void Remove(SandboxId id, Duration now);

  // `stack`: of the sandbox's function. Only of one that is busy, or idle: they do not look.
  void SetIdle(SandboxId id, IdleStack& stack);
  void SetBusy(SandboxId id, IdleStack& stack);

  // Of all, the one that has been idle longest; kNone: none is.
  [[nodiscard]] SandboxId longest_idle() const noexcept { return oldest_; }

  // Memory held so far by sandboxes of the class, MiB times milliseconds.
  [[nodiscard]] double HeldMibMs(model::Class sandbox_class, Duration now) const noexcept;
  // The same, each sandbox's times its node's price.
  [[nodiscard]] double PricedMibMs(model::Class sandbox_class, Duration now) const noexcept;
  // Of the sandbox's node.
  [[nodiscard]] double PriceOf(SandboxId id) const noexcept {
    return nodes_.PriceOf(all_[id].node);
  }

 private:
  struct Held {
    double mib = 0;
    double mib_ms = 0;
    double priced_mib = 0;
    double priced_mib_ms = 0;
    Duration since{};
  };
  void Hold(model::Class sandbox_class, double mib, double price, Duration now) noexcept;

  NodeIndex nodes_;
  std::vector<Sandbox> all_;
  std::vector<SandboxId> free_;
  std::array<Held, model::kClasses.size()> held_{};
  SandboxId oldest_ = kNone;
  SandboxId newest_ = kNone;
};

}  // namespace strata::scheduler::simulate
