// model/placement.h - where a workload was put, and why: the scheduler's decision as a value that
// is stored with the revision and shown by `strata explain`.
//
//   scheduler::Choose --> [ Placement ] --> store (JSON) --> manager --> API, explain, cost
//
// It is what was known at the deployment, and does not change with what is learned later. JSON that
// is stored outlives this program: a field may be added, none removed or given another meaning.
//
// Threads:  values and pure functions. Errors: of PlacementFromJson only. Tested by
//           model/placement_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::model {

// What a workload is expected to need in one class, from measurements on this host.
struct Estimate {
  double p99_ms = 0;                    // of a call
  std::optional<double> cold_start_ms;  // the first call, when nothing is warm; nothing: unknown
  double cpu_ms = 0;                    // of a call
  double memory_mib = 0;                // of one sandbox
  std::optional<double> qps;            // calls a second that it can carry; nothing: not looked at
  std::optional<double> failure_rate;   // share of calls; nothing: none of its own was seen
  double cost = 0;     // US dollars for a million calls; of a Service, for a replica's month
  std::string source;  // "strata measure", "its own calls"
  friend bool operator==(const Estimate&, const Estimate&) = default;
};

// One class, as it was weighed.
struct Alternative {
  Class sandbox_class = Class::kWasm;
  std::optional<Estimate> estimate;  // nothing: it was never measured here
  std::optional<double> score;       // 1: the cheapest; 0.25: four times as dear; as `estimate`
  std::string lost;                  // the first reason why it was not taken; empty: it was
  friend bool operator==(const Alternative&, const Alternative&) = default;
};

struct Placement {
  Class sandbox_class = Class::kWasm;
  Class by_rule = Class::kWasm;  // what the literal rule gives, whether it was followed or not
  std::string node;
  std::string pool;                       // what is kept ready for its calls
  std::string because;                    // one sentence
  std::vector<Alternative> alternatives;  // every class; the one that was taken first
  friend bool operator==(const Placement&, const Placement&) = default;
};

// {"class", "by_rule", "node", "pool", "because", "estimate"? of the class that was taken,
//  "alternatives": [{"class", "estimate"?, "score"?, "lost"?}]}
Json PlacementToJson(const Placement& placement);
// kInvalidArgument: it is not of that form.
Result<Placement> PlacementFromJson(const Json& json);

}  // namespace strata::model
