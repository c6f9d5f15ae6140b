// advisor/roadmap.h - `strata roadmap`: stages, milestones, risks and what to do about them, as the
// source documents have them.
//
// Threads: pure functions. Tested by roadmap_test.cc.
#pragma once

#include <string>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"

namespace strata::advisor {

// All parts, or those of these ids ("stages", "milestones", "risks", ...). kNotFound: there is no
// such part.
Result<Report> Roadmap(const std::vector<std::string>& parts);

}  // namespace strata::advisor
