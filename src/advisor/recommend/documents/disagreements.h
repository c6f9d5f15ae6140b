// advisor/recommend/documents/disagreements.h - where the documents' trees contradict each other,
// in a case.
//
// Threads: pure functions. Tested by disagreements_test.cc.
#pragma once

#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/report.h"

namespace strata::advisor {

// For each two classes that `walks` come to the steps that make the difference; and of the
// documents' five disagreements (decisions.yaml) those that the case is an instance of: what the
// statement speaks of happened on the ways that were taken, not only did its trees differ.
Section DisagreementsSection(const Case& about, const std::vector<Walk>& walks);

}  // namespace strata::advisor
