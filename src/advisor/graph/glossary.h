// advisor/graph/glossary.h - what words mean, what to learn next, and what to read.
//
//   facts: glossary, concepts, learning paths --> [ these ] --> strata graph term, learn, doc
//
// Threads:  pure functions. Errors: kNotFound: no such term, path or goal, with the nearest.
// Tested by glossary_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"

namespace strata::advisor {

// What the glossary, the supporting concepts and the six concepts say of exactly this term; without
// rows: nothing.
Section Definitions(std::string_view term);

// The same of every term that is or contains `term`, in either language; empty: of all. Supporting
// concepts also with their attributes and what they are related to.
Result<Report> Glossary(std::string_view term);

// A learning path (by its id or its learner's level; empty: all) with what is known already, and
// the next step: the first stage of which something is not known. `known` are concepts of the
// paths.
Result<Report> Learning(std::string_view path, const std::vector<std::string>& known);

// Documents to read for a goal, and the stages of learning paths that ask for them. Without a goal:
// for all, and what the facts themselves are from.
Result<Report> Documents(std::string_view goal);

}  // namespace strata::advisor
