// advisor/recommend/case.h - what is known of a workload, under the names in which the decision
// trees ask for it (facts/decisions.yaml, `variables`).
//
//   "security_requirement" = "High", "latency_ms" = "50"  -->  [ Case ]  -->  trees.h
//
// The documents ask for one thing under several names. What was not said is taken from what was,
// where the one follows from the other; the answer says from which. Nothing else is assumed.
//
// Threads: a value. Tested by case_test.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::advisor {

// Something that trees and rules ask for.
struct Variable {
  std::string id;
  Text label;
  std::string unit;                // empty: none
  std::vector<std::string> words;  // that it may be; empty: a number
  std::vector<Text> called;        // the same, as the documents call them in either language
  double least = 0;                // of a number
  double most = 0;
};

const std::vector<Variable>& Variables();

class Case {
 public:
  struct Answer {
    Json value;  // a string, a boolean or a number
    // The variable, the manifest's field or the document that it was taken from; empty: it was
    // said.
    std::string from;
  };

  // A number may have a unit (units.h). kNotFound: no such variable, with the nearest;
  // kInvalidArgument: none of its values, or a unit that does not measure it. The last of two
  // counts.
  Result<void> Set(std::string_view variable, std::string_view value);

  // "VARIABLE=VALUE"; kInvalidArgument also: there is no '=', or another value was said before.
  Result<void> Say(std::string_view said);

  // As a manifest says it: what it requires, how soon it has to answer (the start where that is
  // bounded, else the call) and, of a function, how often. A level that it leaves out is low.
  void Take(const model::Requires& asked, bool function);
  void Take(const model::Workload& workload, bool function);

  // What a document gives, where the case says nothing else; `from` is the document.
  void Give(std::string_view variable, Json value, std::string from);

  // Whether nothing was said.
  [[nodiscard]] bool IsEmpty() const noexcept { return said_.empty(); }

  // What the variable may be in this case: of the second need what its scenario asks, once that is
  // known.
  [[nodiscard]] std::vector<std::string> WordsOf(const Variable& variable) const;

  // kInvalidArgument: what was said does not go together, as a need of another scenario.
  [[nodiscard]] Result<void> Check() const;

  // Said, or taken from what was said; nothing: not known.
  [[nodiscard]] std::optional<Answer> Find(std::string_view variable) const;

  // What is asked of a class, for the scheduler. What is not known is low.
  [[nodiscard]] model::Requires Asked() const;

  // The case as a manifest of it would have it: once anything that the scheduler's rule asks for
  // was said, levels that were not are low, and it is a Function.
  [[nodiscard]] Case AsManifest() const;

  // Whether it is a Function; so it is taken where that was not said: that is what a new manifest
  // is, and the rule is then asked about the workload that the manifest makes.
  [[nodiscard]] bool IsFunction() const;

  // The class of the scheduler's rule for it.
  [[nodiscard]] model::Class ByRule() const;

 private:
  std::map<std::string, Answer, std::less<>> said_;
};

// "High (高)", "edge (edge computing, 边缘计算)": a word of the variable with what else it is
// called.
std::string ShowChoice(const Variable& variable, const std::string& word);

// "true", "High", "50".
std::string ShowValue(const Json& value);

}  // namespace strata::advisor
