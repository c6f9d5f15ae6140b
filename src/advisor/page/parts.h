// advisor/page/parts.h - the parts of the page, each the content of one <section> below its <h2>.
// Only page.cc and the parts' own files include it.
//
//   page.cc: MakePage --> [ these ] --> HTML, escaped by report/html.h
//
// Threads:  pure functions. Errors: none: what is missing is said in the part. Tested by
//           page_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "advisor/graph/layout.h"
#include "advisor/page/page.h"
#include "advisor/report/report.h"
#include "measure/record.h"

namespace strata::advisor {

// The file page.css; made by the build.
std::string_view PageStyle() noexcept;

// The eight matrices and the decision matrix as heat maps, what is stated of them, and the legend.
std::string MatricesPart(const measure::Record& record);

// All models: a table of them, then each with formula, parameters, results, claims, what was
// measured of them and tornado.
std::string ModelsPart(const measure::Record& record);

// The whole graph, then all diagrams: as pictures where there are some, and as lists.
std::string GraphPart(const std::map<std::string, Picture>& pictures, const Layout& whole);

// The whole graph, an SVG element of few parts; `layout` is of WholeGraph().
std::string WholePicture(const Layout& layout);

// What the trees and rule lists answer for some cases.
std::string DecisionsPart();

// Claims beside what was measured; without a record how to get one.
std::string MeasurementsPart(const measure::Record& record);

// Every section of a report, one below the other.
std::string SectionsOf(const Report& report, std::string_view id_prefix, int level);

}  // namespace strata::advisor
