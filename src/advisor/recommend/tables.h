// advisor/recommend/tables.h - what the documents' rules, scores and tables say of a case: sections
// of `strata recommend`.
//
// Threads: pure functions. Tested by recommend_test.cc.
#pragma once

#include <string>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/trees.h"
#include "advisor/report/report.h"
#include "base/result.h"

namespace strata::advisor {

// The rules with a threshold, and whether it is passed; "not known" where the case does not say.
Section RulesSection(const Case& about);

// The decision matrix: each concept's stars for the needs that follow from the case, and their sum.
// Without rows when none follows.
Section StarsSection(const Case& about);

// The utility model and the scenario weights, as the documents state them. kNotFound: no such
// scenario.
Result<Section> ScoresSection(const std::string& scenario);

// The rows of the scenario table and the quick reference that are asked for. kNotFound: a need, a
// device or a feature of the kernel that no row has.
Result<Section> StacksSection(const std::vector<std::string>& needs,
                              const std::vector<std::string>& devices,
                              const std::vector<std::string>& features);

// The best practices, each with what of this case follows it.
Section PracticesSection(const Case& about, const std::vector<Walk>& walks);

}  // namespace strata::advisor
