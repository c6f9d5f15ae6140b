// advisor/recommend/documents/tables.h - what the documents' rules, scores and tables say of a
// case: sections of `strata recommend`.
//
//   Case (case.h), facts/decisions.yaml --> [ these ] --> recommend.cc --> Report
//
// They say what the documents say; what the platform itself decides is
// scheduler/placing/strategy.h's.
//
// Threads:  pure functions. Errors: as stated, with the nearest name. Tested by recommend_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/documents/devices.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/report.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor {

// The documents' rules, and whether the condition of each holds and by what; "not known" where
// neither the case nor a document says. Of what has rows instead, that of the case.
Section RulesSection(const Case& about);

// The condition of a rule that has an `if`. What the case does not say is as the documents give it
// (rule_variables.h).
struct RuleCondition {
  Text text;  // "changes_per_hour > 1"
  Holding is;
};
RuleCondition ConditionFor(const Json& rule, const Case& about);

// The variables that decide rules and that the case does not say, in the rules' order, each once.
// Those that a document gives a figure for are among them: it counts until something is said.
std::vector<std::string> AskedByRules(const Case& about);

// The documents' steps of a selection, and where each is answered.
Section FlowSection();

// The decision matrix: each concept's stars for the needs that follow from the case, and their sum.
// Without rows when none follows.
Section StarsSection(const Case& about);

// The utility model and the scenario weights, as the documents state them. kNotFound: no such
// scenario.
Result<Section> ScoresSection(const std::string& scenario);

// The ids of features of the kernel. kNotFound: no row has one of them.
Result<std::vector<std::string>> ReadFeatures(const std::vector<std::string>& said);

// The rows of the scenario table, the quick reference and the scenario map that are asked for.
// kNotFound: a need or a feature of the kernel that no row has.
Result<Section> StacksSection(const std::vector<std::string>& needs,
                              const std::vector<AskedDevice>& devices,
                              const std::vector<std::string>& features);

// The best practices that choices of this case follow: which choice, and what of the platform does
// so. The choices are the answer, what the trees come to and the bounds in the manifest.
Section PracticesSection(const std::vector<Walk>& walks, model::Class answer, const Json& manifest);

}  // namespace strata::advisor
