// advisor/graph/layout.h - where the nodes of a graph go on paper.
//
//   Graph --LayoutRequest--> Graphviz (inventory/graphviz.h) --ReadLayout--> [ Layout ] --> page/
//
// Only places come from outside: what is drawn there is ours, in both languages at once and in few
// elements, as a page wants it. Boxes are as wide as their wider text.
//
// Threads: values; pure functions. Errors: kInternal where an answer is not that of the request.
// Tested by layout_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/graph/graph.h"
#include "base/result.h"

namespace strata::advisor {

// In pixels; y goes down.
struct Layout {
  struct Box {
    double x = 0;  // of its middle
    double y = 0;
    double width = 0;
    double height = 0;
  };
  double width = 0;
  double height = 0;
  std::vector<Box> nodes;  // as in Graph::nodes; none: there is no layout
};

// The graph in the DOT language, without its words.
std::string LayoutRequest(const Graph& graph);

// What Graphviz says to that in its form "plain".
Result<Layout> ReadLayout(const Graph& graph, std::string_view plain);

}  // namespace strata::advisor
