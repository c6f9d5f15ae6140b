// advisor/graph/answers.h - what `strata graph` answers: a report, and the part of the graph that
// it is about.
//
// Names are found as advisor/names.h finds them; kNotFound otherwise.
//
// Threads: pure functions. Tested by answers_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "advisor/graph/graph.h"
#include "advisor/report/report.h"
#include "base/result.h"

namespace strata::advisor {

struct GraphAnswer {
  Report report;
  Graph graph;
};

// The diagrams, with how much there is in each.
GraphAnswer Overview();

// The nodes that more than one diagram may have; `type` ("technology", ...) empty: of any.
Result<GraphAnswer> Entities(std::string_view type);

// Nodes and edges of a diagram or layer.
Result<GraphAnswer> Diagram(std::string_view name);
Result<GraphAnswer> Layer(std::string_view name);

// What is beside a node, with what the documents say that it is, and the concept that is called as
// the node of a diagram is ("container").
Result<GraphAnswer> Neighbours(std::string_view node);

// The shortest way along the edges' direction; against it where there is none, which is said.
Result<GraphAnswer> Path(std::string_view from, std::string_view to);

// Who says that `from` has this relation to `to`: directly or in steps of the same relation; for
// depends_on also by what a node runs on or uses, and, as "may depend on", by what it can run on or
// is implemented by. kNotFound: nobody does.
Result<GraphAnswer> Why(std::string_view from, std::string_view relation, std::string_view to);

}  // namespace strata::advisor
