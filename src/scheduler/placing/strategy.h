// scheduler/placing/strategy.h - which class a workload runs in, and why.
//
//   what it asks for, what it could run in, nodes --> [ Choose ] --> Placement, or what must give
//
// Rules give the allowed set, first match:
//   1. security or compatibility high             microvm (or a class within one)
//   2. performance high, a function, wasm variant wasm
//   3. otherwise                                  container, appkernel, microvm, wasm if it has the
//                                                 variant; not container if security is medium
// What the workload has no variant for, its class cannot do or grant (spec.devices), or the host
// lacks leaves the set with its reason. Of the rest, the cheapest whose measured figures keep the
// SLO (latency, start-up, load, availability) and the budget is taken; the container wins ties. A
// class of which that is not known is taken only where none is known to keep them.
// `placement: rule` follows the document's literal rule instead: 1, then 2 without asking for a
// variant, else container (facts/decisions.yaml, scheduling_strategy).
//
// A class that the manifest names need not be among what the rules leave, but is held to the floor
// (1, and not container at medium), to the SLO and to what a node has.
//
// Pure: no I/O, no clock; some microseconds. Deterministic. Tested by strategy_test.cc and
// strategy_properties_test.cc.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "meter/prices.h"
#include "model/memory_bounds.h"
#include "model/placement.h"
#include "model/resource.h"
#include "model/values.h"
#include "scheduler/placing/figures.h"

namespace strata::scheduler {

// One class, as the workload would run in it.
struct Option {
  model::Class sandbox_class = model::Class::kWasm;
  bool variant = false;            // there is an artifact for it
  std::string lacking;             // why it cannot run there for all that; empty: it can
  std::string withheld;            // why it cannot have the devices asked for; empty: it can
  std::string pool;                // what is kept ready for its calls there
  std::optional<Figures> figures;  // nothing: never measured
  // Where `figures` are in part another artifact's: how well this one may do. Nothing: they are its
  // own. What lies between the two is not known: it excludes nothing.
  std::optional<Figures> at_best = std::nullopt;
  model::MemoryBounds memory = {};  // that a sandbox of it can be given
};

class ClassSet {
 public:
  constexpr ClassSet() = default;
  constexpr ClassSet(std::initializer_list<model::Class> classes) {
    for (const model::Class each : classes) Add(each);
  }
  static constexpr ClassSet All() {
    ClassSet all;
    for (const model::Class each : model::kClasses) all.Add(each);
    return all;
  }

  constexpr void Add(model::Class sandbox_class) noexcept { bits_ |= Bit(sandbox_class); }
  constexpr void Remove(model::Class sandbox_class) noexcept { bits_ &= ~Bit(sandbox_class); }
  [[nodiscard]] constexpr bool Has(model::Class sandbox_class) const noexcept {
    return (bits_ & Bit(sandbox_class)) != 0;
  }
  friend constexpr bool operator==(ClassSet, ClassSet) = default;

 private:
  static constexpr unsigned Bit(model::Class sandbox_class) noexcept {
    return 1U << static_cast<unsigned>(sandbox_class);
  }
  unsigned bits_ = 0;
};

struct Node {
  std::string name;
  Bytes free_memory;
  ClassSet classes;  // that it has
  double cores = 1;
  double price = 1;  // of what is used there, as a multiple of the list's: a spot machine has 0.3
  // Why it has not, of those that were tried there; as the probe of the class said it.
  std::map<model::Class, std::string> lacking = {};
};

struct Question {
  bool function = true;    // not a Service
  bool start_each = true;  // a Function whose every call gets a sandbox of its own
  model::Requires requires_;
  model::Slo slo;
  model::Budget budget;
  bool devices = false;  // it asks for some of the host's
  model::PlacementBy by = model::PlacementBy::kCost;
  std::optional<model::Class> asked;
  // By whom, before the class's name: "the rollout asks for class". Empty: by the manifest.
  std::string_view asked_by;
  Bytes memory;                     // of one sandbox
  std::uint32_t held = 1;           // sandboxes at all times: a node has that memory for each
  std::string_view held_field;      // of its manifest; empty: it has none
  std::uint32_t cells = 1;          // single-threaded processes that its calls go through
  std::uint32_t concurrency = 100;  // calls at once, in each of them
  // Of one class that there may be at once; of wasm in each cell. A server is not bounded by it.
  std::uint32_t sandboxes = UINT32_MAX;
  std::uint32_t replicas = 1;                    // of a server
  std::string_view replicas_field = "replicas";  // of its manifest; empty: it has none
};

// Why the class may not be used, however well it does, for what asks for this; empty: it may.
std::string_view BelowFloor(const model::Requires& asked, model::Class sandbox_class) noexcept;

// The class of the document's rule, whatever the host or the workload can.
model::Class ByRule(const Question& question) noexcept;

// `options`: each class at most once; one that is missing is as one without a variant.
// kFailedPrecondition: no class fits; the message has the first reason of each, and what would have
// to give, by how much.
Result<model::Placement> Choose(const Question& question, std::span<const Option> options,
                                std::span<const Node> nodes, const meter::Prices& prices = {});

}  // namespace strata::scheduler
