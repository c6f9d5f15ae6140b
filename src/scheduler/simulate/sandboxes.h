// scheduler/simulate/sandboxes.h - the sandboxes of a simulated fleet: which node each takes memory
// of, and which are idle: of each function the latest first, of all the longest first.
//
// Threads: one. Tested by simulator_test.cc.
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
#include "scheduler/node_index.h"

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

  // Nothing: no node has room.
  std::optional<SandboxId> Add(std::uint32_t function, model::Class sandbox_class, Bytes memory,
                               Duration now);
  void Remove(SandboxId id, Duration now);

  void SetIdle(SandboxId id, IdleStack& stack);
  void SetBusy(SandboxId id, IdleStack& stack);

  // Of all, the one that has been idle longest; kNone: none is.
  [[nodiscard]] SandboxId longest_idle() const noexcept { return oldest_; }

  // Memory held so far by sandboxes of the class, MiB times milliseconds.
  [[nodiscard]] double HeldMibMs(model::Class sandbox_class, Duration now) const noexcept;

 private:
  struct Held {
    double mib = 0;
    double mib_ms = 0;
    Duration since{};
  };
  void Hold(model::Class sandbox_class, double mib, Duration now) noexcept;

  NodeIndex nodes_;
  std::vector<Sandbox> all_;
  std::vector<SandboxId> free_;
  std::array<Held, model::kClasses.size()> held_{};
  SandboxId oldest_ = kNone;
  SandboxId newest_ = kNone;
};

}  // namespace strata::scheduler::simulate
