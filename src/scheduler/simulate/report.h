// scheduler/simulate/report.h - what simulations showed, as JSON: `strata simulate -o json`, of
// which its table is made.
//
//   Simulate --> Outcome --> [ RowOf, DetailsOf, WhatIf ] --> apps/strata/verbs/advice/simulate.cc
//
// Field names are part of the command's interface. Costs are US dollars, shares are from 0 to 1,
// times in milliseconds; a share or a mean of nothing is 0.
//
// Threads:  pure. Errors: none. Tested by simulator_test.cc and tests/e2e/simulate_test.py.
#pragma once

#include <span>

#include "base/text/json.h"
#include "scheduler/simulate/simulator.h"

namespace strata::scheduler::simulate {

// A policy's row, for people and programs: {"policy", "cost", "cold_start_rate", "p50_ms",
// "p99_ms", "wait_p999_ms", "slo_met", "utilisation", "refused"}. `cost` is US dollars for the
// whole trace, `wait_p999_ms` how long 99.9 % of the calls waited at most for a creation (a call's
// own work, most of its latency, is the same with every policy), `utilisation` the share of the
// memory held in which calls ran, `slo_met` and `refused` (no node had room) are shares of all
// calls, the rest of those that were served.
Json RowOf(Policy policy, const Outcome& outcome);

// The rest of what is known: {"cold_starts", "wait_p99999_ms", "refused", "below_floor",
// "prewarmed", "evicted", "unplaceable", "functions": {class: number}, "work_cost", "cpu_hours",
// "gib_hours"}.
Json DetailsOf(const Outcome& outcome);

// {"source", "classes": [{"class", "p50_ms", ...}]}: the record's figures that were used.
Json RecordOf(const Record& record);

// The two claims of what moving workloads brings, beside what came out: `containers` is everything
// in containers, `microvms` and `wasm` what Policy::kSomeMicrovm and kWasmIfSensitive changed.
// [{"what", "claimed", "simulated", "percent"}]
Json WhatIf(const Outcome& containers, const Outcome& microvms, const Outcome& wasm);

}  // namespace strata::scheduler::simulate
