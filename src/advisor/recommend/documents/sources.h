// advisor/recommend/documents/sources.h - everything in the documents that comes to a class for a
// case, and how each of it counts for the answer.
//
//   trees                            vote
//   rules, stars, scenario weights   vote where no tree comes to a class that may be used
//   utility                          never: it is the same whatever the case is
//
// Threads: pure functions. Tested by sources_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "advisor/recommend/case.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::advisor {

enum class Counts : std::uint8_t { kVotes, kWhereTreesAreSilent, kNever };

struct Source {
  Text kind;  // "tree", "rule", ...
  Text name;
  Counts counts = Counts::kVotes;
  std::vector<model::Class> comes_to;  // several: as good as each other; empty: see `because`
  Text because;                        // what decided it, or what it has to know
  bool open = false;                   // it has to know more
};

// `scenario`: whose weights are asked for; empty: none. kNotFound: there is no such scenario.
Result<std::vector<Source>> SourcesOf(const Case& about, const std::vector<Walk>& walks,
                                      const std::string& scenario);

// "wasm, container".
std::string NamesOf(const std::vector<model::Class>& classes);

// One row a source, with whether it agrees with the answer.
Section SourcesSection(const std::vector<Source>& sources, model::Class answer);

}  // namespace strata::advisor
