#include "advisor/graph/graph.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "advisor/facts/facts.h"
#include "advisor/graph/answers.h"
#include "advisor/graph/layout.h"
#include "advisor/page/page.h"
#include "advisor/page/parts.h"
#include "advisor/report/html.h"
#include "advisor/report/kinds.h"
#include "advisor/report/report.h"
#include "base/check.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

// The element of an SVG document: without what is before it, as a page has a type already, and
// without the ids of its elements, as a page has each once. In a text a quote is an entity.
std::string ElementOf(std::string_view document) {
  constexpr std::string_view kId = " id=\"";
  const std::size_t begin = document.find("<svg");
  if (begin == std::string_view::npos) return "";
  std::string element(document.substr(begin));
  for (std::size_t at = element.find(kId); at != std::string::npos; at = element.find(kId, at)) {
    element.erase(at, element.find('"', at + kId.size()) + 1 - at);
  }
  return element;
}

std::string Drawn(const Picture& picture, const std::string& id) {
  return "<figure class=\"diagram\" aria-labelledby=\"" + id + "\">" +
         HtmlScroll(id, "<div lang=\"en\">" + ElementOf(picture.english) +
                            "</div><div lang=\"zh\">" + ElementOf(picture.chinese) + "</div>") +
         "</figure>\n";
}

// What no diagram has: the relations of the documents' table.
Section OtherEdges() {
  Section section{.id = "others",
                  .title = {"Relations that no diagram has", "不在任何图中的关系"},
                  .columns = {{"from", {"from", "起点"}},
                              {"relation", {"relation", "关系"}},
                              {"to", {"to", "终点"}},
                              {"source", {"source", "出处"}}}};
  const Graph& whole = WholeGraph();
  for (const GraphEdge& edge : whole.edges) {
    if (edge.in.size() != 1 || FindFact(Facts(FactFile::kGraph).at("diagrams"), edge.in.front())) {
      continue;
    }
    section.rows.push_back(
        {TextCell(whole.nodes[edge.from].label), TextCell(RelationText(edge.relation)),
         TextCell(whole.nodes[edge.to].label), WordCell(SourceOfDiagram(edge.in.front()))});
  }
  return section;
}

std::string Whole(const Layout& layout) {
  Report report = Overview().report;
  report.sections.push_back(OtherEdges());
  std::string part = "<details open>\n<summary>" +
                     HtmlHeading(3, "whole", {"The whole graph", "完整图谱"}) + "</summary>\n";
  if (!layout.nodes.empty()) {
    part += "<figure class=\"whole\" aria-labelledby=\"whole\">" +
            HtmlScroll("whole", WholePicture(layout)) + "</figure>\n";
    report.notes.push_back(
        {"Dark boxes are the six concepts, light ones are known beyond one diagram, white ones are "
         "of one diagram. Light lines are what a thing has, dark ones every other relation; the "
         "lists say which.",
         "深色框为六个概念，浅色框见于多处，白色框仅见于一张图；浅色线表示“具有”，深色线为其他关系"
         "，"
         "详见各列表。"});
  }
  return part + SectionsOf(report, "whole", 4) + "</details>\n";
}

}  // namespace

std::string GraphPart(const std::map<std::string, Picture>& pictures, const Layout& whole) {
  std::string part = Whole(whole);
  for (const Json& diagram : Facts(FactFile::kGraph).at("diagrams")) {
    const std::string name = diagram.at("id");
    const std::string id = "diagram-" + name;
    const auto answer = Diagram(name);
    STRATA_CHECK(answer);
    part += "<details>\n<summary>" + HtmlHeading(3, id, answer->report.title) + "</summary>\n";
    const auto picture = pictures.find(name);
    if (picture != pictures.end()) part += Drawn(picture->second, id);
    part += SectionsOf(answer->report, id, 4) + "</details>\n";
  }
  return part;
}

}  // namespace strata::advisor
