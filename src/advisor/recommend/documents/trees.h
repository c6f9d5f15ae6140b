// advisor/recommend/documents/trees.h - the six decision trees and rule lists of the documents,
// walked for one case.
//
//   Case --> [ Walk: question, answer, why; leaf ] --> recommend.h
//
// A walk is total and deterministic: it ends at an outcome, or at the first question to which the
// case has no answer, and says which.
//
// Threads: pure functions. Tested by trees_test.cc, which takes every leaf.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/report/text.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {

// One question on the way, and why it was answered so: "latency_ms = 50".
struct Step {
  Text question;
  Text answer;
  Text because;  // empty: nothing was asked
};

struct Walk {
  std::string tree;
  Text name;
  std::string source;
  std::vector<Step> steps;
  std::vector<std::string> nodes;  // that it came through, the leaf among them; none of a rule list
  std::string missing;             // the variable that it stopped for; empty: it came to an outcome
  std::string leaf;                // the outcome's node, or "rule N"
  Text outcome;
  // Of ours; nothing: the outcome is no class (a service mesh).
  std::optional<model::Class> sandbox_class;
  std::vector<Text> consequences;  // of a rule what it is for
  std::vector<Text> notes;         // of the tree, and of the nodes that it came through
};

Walk WalkTree(const Json& tree, const Case& about);

// The step that it was decided by: the last one that asked for something.
Text DecidedBy(const Walk& walk);

// All six, in the documents' order.
std::vector<Walk> WalkAll(const Case& about);

// The class of ours for one of the six concepts, as the documents' tiers have it; a plain virtual
// machine, which is none of ours, is the machine that we have. Nothing: the concept is no class.
std::optional<model::Class> ClassOfConcept(const std::string& id);

struct Holding {
  std::optional<bool> holds;  // nothing: that depends on what is not known
  std::string missing;        // then: the first variable that is not; else empty
  Text because;               // "latency_ms = 50": what of the case it goes by
};

// Whether a condition of the facts, {var, op, value} or {all: [...]} or {any: [...]}, holds for the
// case.
Holding HoldsFor(const Json& condition, const Case& about);

// "latency_ms < 10 and function_type = true".
std::string ShowCondition(const Json& condition);

}  // namespace strata::advisor
