#include "advisor/graph/layout.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <sstream>

#include "advisor/report/text.h"
#include "base/text/table.h"

namespace strata::advisor {
namespace {

constexpr double kInch = 72;
constexpr double kColumn = 6.2;  // of a text of 11 pixels: a half em and a little
constexpr double kPadding = 12;
constexpr double kBoxHeight = 20;

double WidthOf(const Text& label) {
  const std::size_t columns = std::max(DisplayWidth(label.In(Language::kEnglish)),
                                       DisplayWidth(label.In(Language::kChinese)));
  return static_cast<double>(columns) * kColumn + kPadding;
}

}  // namespace

std::string LayoutRequest(const Graph& graph) {
  std::string dot =
      "digraph whole {\n  layout=neato; overlap=prism; sep=\"+4\"; splines=line;\n"
      "  node [shape=box, fixedsize=true, label=\"\"];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    char node[96];
    std::snprintf(node, sizeof(node), "  n%zu [width=%.3f, height=%.3f];\n", i,
                  WidthOf(graph.nodes[i].label) / kInch, kBoxHeight / kInch);
    dot += node;
  }
  for (const GraphEdge& edge : graph.edges) {
    dot += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to) + ";\n";
  }
  return dot + "}\n";
}

Result<Layout> ReadLayout(const Graph& graph, std::string_view plain) {
  Layout layout;
  std::size_t placed = 0;
  std::istringstream lines{std::string(plain)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "graph") {
      double scale = 0;
      words >> scale >> layout.width >> layout.height;
    } else if (kind == "node") {
      char letter = 0;
      std::size_t at = 0;
      Layout::Box box;
      words >> letter >> at >> box.x >> box.y >> box.width >> box.height;
      layout.nodes.resize(graph.nodes.size());
      if (!words || letter != 'n' || at >= layout.nodes.size()) break;
      layout.nodes[at] = {box.x * kInch, (layout.height - box.y) * kInch, box.width * kInch,
                          box.height * kInch};
      ++placed;
    }
  }
  if (placed != graph.nodes.size()) {
    return Fail(Errc::kInternal, "dot: " + std::to_string(placed) + " of " +
                                     std::to_string(graph.nodes.size()) + " nodes have a place");
  }
  layout.width *= kInch;
  layout.height *= kInch;
  return layout;
}

}  // namespace strata::advisor
