// advisor/compare/compare.h - `strata compare`: concepts, classes and technologies side by side,
// and the tables of domains and mappings.
//
// What the documents claim stands beside what was measured on this host, where there is a record of
// `strata measure`; a claim is never changed by it.
//
// Threads: pure functions. Tested by compare_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "base/result.h"
#include "measure/record.h"

namespace strata::advisor {

struct CompareQuestion {
  std::vector<std::string> subjects;    // two or more of a kind; one is shown alone
  std::vector<std::string> dimensions;  // "isolation", "startup", ...; none: all eight
  measure::Record record;               // what was measured here; may be empty
};

// Without subjects: what can be compared. kNotFound: no such name; kInvalidArgument: technologies
// and concepts at once, one subject twice, or dimensions without a subject.
Result<Report> Compare(const CompareQuestion& question);

// A domain's concepts, scenarios and stack ("edge", "observability", ...), and what is claimed of
// its concepts beside what was measured in the classes that implement them.
Result<Report> CompareDomain(std::string_view name, const measure::Record& record = {});

// One of the documents' other tables: how the tiers map to layers, DDD, TOGAF, C4 and eras; tiers
// side by side, with their overheads; agility, business models, forecasts.
Result<Report> CompareMapping(std::string_view name);

// "layer, ddd, ...": what CompareMapping knows.
std::string MappingNames();

// A concept against Wikipedia, standards and papers: what agrees, what is missing, what conflicts.
// Also hybrid, event-driven, zero-trust architecture and others that the documents align. Without a
// name: whom they align with, what, and every contradiction between them.
Result<Report> Align(std::string_view name);

}  // namespace strata::advisor
