// graphviz.h - pictures of graphs, by Graphviz's program `dot` where it is installed.
//
// A program beside us: its library would bring a window system into this one.
#pragma once

#include <string>

#include "base/result.h"

namespace strata::cli {

bool HasGraphviz();

// The SVG of a graph in the DOT language; of several, one document after the other.
// kFailedPrecondition: it is not installed.
Result<std::string> DrawWithGraphviz(const std::string& dot);

}  // namespace strata::cli
