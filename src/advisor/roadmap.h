// advisor/roadmap.h - `strata roadmap`: stages, milestones, risks and what to do about them, as the
// source documents have them.
//
// Threads: pure functions. Tested by roadmap_test.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::advisor {

// What an installation of this platform runs.
struct Installation {
  std::map<model::Class, int> workloads;  // deployed, by class
};

// All parts, or those of these ids ("stages", "milestones", "risks", ...). With an installation
// there is one more, "system": what of each stage it runs. kNotFound: there is no such part.
Result<Report> Roadmap(const std::vector<std::string>& parts,
                       const std::optional<Installation>& installation = std::nullopt);

}  // namespace strata::advisor
