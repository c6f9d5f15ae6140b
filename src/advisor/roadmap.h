// advisor/roadmap.h - `strata roadmap`: stages, milestones, risks and what to do about them, as the
// source documents have them.
//
//   facts/roadmap.yaml, Installation (system.h; none: not asked) --> [ Roadmap ] --> Report
//
// Threads:  pure functions. Errors: kNotFound, with the nearest part. Tested by roadmap_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/report/report.h"
#include "advisor/system.h"
#include "base/result.h"

namespace strata::advisor {

// All parts, or those of these ids ("stages", "milestones", "risks", ...). With an installation
// there is one more, "system": what of each stage it runs. kNotFound: there is no such part.
Result<Report> Roadmap(const std::vector<std::string>& parts,
                       const std::optional<Installation>& installation = std::nullopt);

}  // namespace strata::advisor
