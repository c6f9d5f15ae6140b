// inventory/graphviz.h - pictures of graphs, by Graphviz's program `dot` where it is installed.
//
// A program beside us: its library would bring a window system into this one, and what goes wrong
// in it ends it alone (docs/decisions/0021-pictures-of-graphs.md).
//
// Threads: any; a call blocks its thread for at most 20 s. Tested by graphviz_test.cc.
#pragma once

#include <string>

#include "base/result.h"

namespace strata::inventory {

bool HasGraphviz();

// The SVG of a graph in the DOT language; of several, one document after the other.
// kFailedPrecondition: it is not installed.
Result<std::string> DrawWithGraphviz(const std::string& dot);

// The places of its nodes and edges alone, in Graphviz's form "plain". Errors as above.
Result<std::string> LayOutWithGraphviz(const std::string& dot);

}  // namespace strata::inventory
