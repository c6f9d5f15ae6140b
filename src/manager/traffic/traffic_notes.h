// manager/traffic/traffic_notes.h - what is said of a workload's traffic to whoever applies it:
// that not all of it goes to what the manifest says, and why.
//
//   model::Rollout --> [ TrafficNote, EndedNote ] --> Change::notes, `strata apply`
//
// Pure. Tested by traffic_notes_test.cc.
#pragma once

#include <string>
#include <vector>

#include "model/traffic/conflicts.h"
#include "model/traffic/rollout.h"

namespace strata::manager {

// Where the traffic of a rollout's workload goes now: a backend for each form that has a part.
// Empty: all of it goes to the newest revision, as it was placed.
std::vector<model::Backend> ServingBackends(const model::Rollout& rollout);

// Of a workload that gets no new revision: "10 % of its traffic goes to ..., and why". Empty: all
// of it goes to the newest revision, as it was placed.
std::string TrafficNote(const model::Rollout& rollout);

// Of one that gets a new revision, which ends the rollout. Empty: nobody would notice.
std::string EndedNote(const model::Rollout& rollout);

}  // namespace strata::manager
