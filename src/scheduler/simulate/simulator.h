// scheduler/simulate/simulator.h - a trace's calls, served by the scheduler's own code on a virtual
// clock: what a policy would cost, and what its callers would wait for.
//
//   Trace --> [ Simulator: Choose, NodeIndex, KeepAlive ] --> Outcome
//
// A sandbox of class container, appkernel or microvm serves one call at a time; between calls it is
// idle and holds its memory, and the function's, until its policy lets it go. In class wasm, what
// is kept is a function's loaded code; each call has an instance of its own whose memory goes with
// it. A cold start is a call that waited for a creation: of a sandbox, or of loaded code.
//
// Not simulated: processors that are busy (a call takes as long as it takes), the network,
// failures; that the same work may take longer in one class than in another, of which the record
// says nothing. Deterministic. Pure: its progress is told to whoever asks. Threads: one a
// simulator. Memory: about 300 bytes a function and 64 a sandbox. Tested by simulator_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "meter/prices.h"
#include "scheduler/record.h"
#include "scheduler/simulate/latencies.h"
#include "scheduler/simulate/trace.h"

namespace strata::scheduler::simulate {

// Classes by Choose, or one for everything, as if every function could run there and whatever
// security it asks for. Idle sandboxes by KeepAlive (strata), or for ten minutes (all others).
enum class Policy : std::uint8_t {
  kStrata,
  kFixedKeepAlive,
  kAllContainer,
  kAllWasm,
  kAllMicrovm,
  // What if, compared with kAllContainer:
  kSomeMicrovm,      // a fifth of the functions that ask for security is in microvms
  kWasmIfSensitive,  // functions with an SLO for their cold start are in wasm
};
inline constexpr std::array kPolicies = {Policy::kStrata, Policy::kFixedKeepAlive,
                                         Policy::kAllContainer, Policy::kAllWasm,
                                         Policy::kAllMicrovm};
std::string_view PolicyName(Policy policy) noexcept;  // "strata", "fixed-keep-alive", ...
std::optional<Policy> PolicyFromName(std::string_view name) noexcept;  // of kPolicies

struct Settings {
  Record record;
  meter::Prices prices;
  std::uint64_t seed = 1;   // of who has a wasm variant, and of creations
  double wasm_share = 0.5;  // of the functions: they have a variant
  double cpu_share = 0.1;   // of a call's duration: it computes
  std::uint32_t nodes = 100;
  Bytes node_memory = Bytes::MiB(65'536);
};

inline constexpr std::uint32_t kMostNodes = 10'000;

struct Outcome {
  std::uint64_t calls = 0;
  std::uint64_t cold_starts = 0;
  std::uint64_t refused = 0;      // calls for which no node had room, whatever idle one went
  std::uint64_t kept_slo = 0;     // calls; those of functions without an SLO among them
  std::uint64_t below_floor = 0;  // calls in a class that their security does not allow
  std::uint64_t prewarmed = 0;    // sandboxes
  std::uint64_t evicted = 0;      // idle sandboxes, for want of memory
  std::uint32_t unplaceable = 0;  // functions whose SLO no class keeps: placed without
  std::array<std::uint32_t, model::kClasses.size()> functions{};  // that were called, by class
  Latencies latencies;
  Latencies sensitive;            // of functions with an SLO for their cold start
  Latencies waits;                // for creations; of most calls none
  double sensitive_waits_ms = 0;  // of it, calls of functions with an SLO for their cold start
  double cost = 0;                // US dollars
  double work_cost = 0;           // of it, what the functions themselves need in any policy
  double cpu_hours = 0;
  double gib_hours = 0;       // of memory that sandboxes held until the last call had ended
  double busy_gib_hours = 0;  // of it, while they served
  Duration span{};            // of the trace: when its last call began
};

// kInvalidArgument: a number out of its bounds; kFailedPrecondition: what the record lacks.
Result<void> CheckSettings(const Settings& settings);

// `settings` has passed CheckSettings. `progress`, if there is one, is called every 65,536 calls
// with their number. Errors: the trace's.
Result<Outcome> Simulate(const Settings& settings, Policy policy, Trace& trace,
                         const std::function<void(std::uint64_t)>& progress = {});

}  // namespace strata::scheduler::simulate
