#include "inventory/page_pictures.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/graph/export.h"
#include "advisor/graph/graph.h"
#include "advisor/graph/layout.h"
#include "base/text/json.h"
#include "inventory/graphviz.h"

namespace strata::inventory {
namespace {

// Takes the first of several SVG documents in a row; empty: there is none.
std::string TakeDocument(std::string_view& documents) {
  constexpr std::string_view kEnd = "</svg>";
  const std::size_t end = documents.find(kEnd);
  if (end == std::string_view::npos) return "";
  std::string document(documents.substr(0, end + kEnd.size()));
  documents.remove_prefix(end + kEnd.size());
  return document;
}

// All diagrams in both languages, in one run of Graphviz.
Result<void> DrawDiagrams(advisor::PageInput& page) {
  std::string dot;
  const Json& diagrams = advisor::Facts(advisor::FactFile::kGraph).at("diagrams");
  for (const Json& each : diagrams) {
    const auto graph = advisor::DiagramGraph(each.at("id").get<std::string>());
    if (!graph) return std::unexpected(graph.error());
    dot += advisor::ToDot(*graph, advisor::Language::kEnglish) +
           advisor::ToDot(*graph, advisor::Language::kChinese);
  }
  const auto drawn = DrawWithGraphviz(dot);
  if (!drawn) return std::unexpected(drawn.error());
  std::string_view rest = *drawn;
  for (const Json& each : diagrams) {
    std::string english = TakeDocument(rest);
    page.pictures[each.at("id")] = {std::move(english), TakeDocument(rest)};
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
