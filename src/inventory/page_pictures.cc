#include "inventory/page_pictures.h"

#include <string>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/graph/export.h"
#include "advisor/graph/graph.h"
#include "advisor/graph/layout.h"
#include "base/text/json.h"
#include "inventory/graphviz.h"

namespace strata::inventory {
namespace {

// All diagrams in both languages. Each by a run of its own: Graphviz orders the clusters of a
// second graph by where its memory lies, which no two runs agree on.
Result<void> DrawDiagrams(advisor::PageInput& page) {
  for (const Json& each : advisor::Facts(advisor::FactFile::kGraph).at("diagrams")) {
    const std::string id = each.at("id");
    const auto graph = advisor::DiagramGraph(id);
    if (!graph) return std::unexpected(graph.error());
    auto english = DrawWithGraphviz(advisor::ToDot(*graph, advisor::Language::kEnglish));
    if (!english) return std::unexpected(std::move(english).error());
    auto chinese = DrawWithGraphviz(advisor::ToDot(*graph, advisor::Language::kChinese));
    if (!chinese) return std::unexpected(std::move(chinese).error());
    page.pictures[id] = {*std::move(english), *std::move(chinese)};
  }
  return {};
}

}  // namespace

Result<void> DrawForPage(advisor::PageInput& page) {
  if (!HasGraphviz()) return {};
  if (auto drawn = DrawDiagrams(page); !drawn) return drawn;
  const advisor::Graph& whole = advisor::WholeGraph();
  const auto plain = LayOutWithGraphviz(advisor::LayoutRequest(whole));
  if (!plain) return std::unexpected(plain.error());
  auto layout = advisor::ReadLayout(whole, *plain);
  if (!layout) return std::unexpected(std::move(layout).error());
  page.whole = std::move(*layout);
  return {};
}

}  // namespace strata::inventory
