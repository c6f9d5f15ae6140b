// measure/isolation.h - what the isolation battery found, judged: which outcome each scenario may
// have in each class, and the matrix for people and programs.
//
//   strata probe --isolation --(runs battery/ through the API)--> Observation --> [ Judge ]
//
// A scenario's guest says what it got; the platform says when it had to end it. What is left to
// decide here: a class with a kernel of its own (appkernel, microvm, wasm) *contains* what the
// guest may do to that kernel; whoever shares the host's must block it.
//
// Pure. Tested by measure/isolation_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::measure {

struct Scenario {
  std::string id;
  std::string title;
  std::string kind;  // as battery/battery.h has them, without the k: "planted"
  std::string cve;   // empty: none
};

// From `strata-battery --list`. kInvalidArgument: something else.
Result<std::vector<Scenario>> ParseCatalogue(std::string_view json);

// Whether `scenario` can be tried in the class at all.
bool Applies(const Scenario& scenario, model::Class sandbox_class);

// How one run of one scenario ended.
enum class End {
  kAnswered,  // the guest lived to say something
  kEnded,     // the platform ended it, or refused to begin
  kLost,      // something else happened: nothing is known
};
struct Observation {
  End end = End::kLost;
  std::string text;  // what it said, the verdict in the last line; or why it was ended, or lost
};

enum class Outcome { kBlocked, kContained, kAllowed, kNotApplicable };
std::string_view OutcomeName(Outcome outcome);  // "blocked", "contained", "allowed", "n/a"

struct Verdict {
  Outcome outcome = Outcome::kNotApplicable;
  Outcome expected = Outcome::kBlocked;  // the worst that is acceptable
  std::string evidence;
  [[nodiscard]] bool acceptable() const noexcept;
};

Verdict Judge(const Scenario& scenario, model::Class sandbox_class, const Observation& seen);

// {"outcome", "expected", "evidence"}, as in the matrix's "outcomes".
Json ToJson(const Verdict& verdict);

}  // namespace strata::measure
