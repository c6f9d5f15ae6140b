#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "advisor/graph/graph.h"
#include "advisor/graph/layout.h"
#include "advisor/page/parts.h"
#include "advisor/report/report.h"
#include "advisor/report/svg.h"

namespace strata::advisor {
namespace {

// Colours are the page's own (page.css); these are for a reader without it.
constexpr SvgPage::Ink kConcept{"concept", "#9cc7ea"};
constexpr SvgPage::Ink kEntity{"entity", "#d9e9f8"};
constexpr SvgPage::Ink kNode{"node", "#ffffff"};
constexpr SvgPage::Ink kPart{"part-of", "#d8dee4"};
constexpr SvgPage::Ink kOther{"other", "#57606a"};
constexpr double kArrow = 7;

const SvgPage::Ink& InkOf(const GraphNode& node) {
  if (node.type == "concept") return kConcept;
  return node.entity ? kEntity : kNode;
}

// Where the line from the middle of `from` comes into `to`.
Point EndAt(const Layout::Box& from, const Layout::Box& to) {
  const double dx = from.x - to.x;
  const double dy = from.y - to.y;
  const double across = dx == 0 ? 1 : to.width / 2 / std::fabs(dx);
  const double up = dy == 0 ? 1 : to.height / 2 / std::fabs(dy);
  const double share = std::min({across, up, 1.0});
  return {to.x + dx * share, to.y + dy * share};
}

std::vector<Point> Arrow(const Layout::Box& from, const Point& tip) {
  const double length = std::hypot(from.x - tip.x, from.y - tip.y);
  if (length < 1) return {};
  const double x = (from.x - tip.x) / length * kArrow;
  const double y = (from.y - tip.y) / length * kArrow;
  return {tip, {tip.x + x - y / 3, tip.y + y + x / 3}, {tip.x + x + y / 3, tip.y + y - x / 3}};
}

void DrawEdges(const Graph& graph, const Layout& layout, bool parts, SvgPage& page) {
  std::vector<SvgPage::Stroke> strokes;
  std::vector<std::vector<Point>> arrows;
  for (const GraphEdge& edge : graph.edges) {
    if ((edge.relation == "has") != parts || edge.from == edge.to) continue;
    const Layout::Box& from = layout.nodes[edge.from];
    const Point tip = EndAt(from, layout.nodes[edge.to]);
    strokes.push_back({from.x, from.y, tip.x, tip.y});
    arrows.push_back(Arrow(from, tip));
  }
  page.Rules(strokes, parts ? kPart : kOther);
  page.Shapes(arrows, parts ? kPart : kOther);
}

}  // namespace

std::string WholePicture(const Layout& layout) {
  const Graph& whole = WholeGraph();
  SvgPage page;
  // What is part of what lies below, boxes above all.
  DrawEdges(whole, layout, true, page);
  DrawEdges(whole, layout, false, page);
  for (const SvgPage::Ink& ink : {kNode, kEntity, kConcept}) {
    std::vector<SvgPage::Box> boxes;
    for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
      const Layout::Box& box = layout.nodes[i];
      if (InkOf(whole.nodes[i]).name != ink.name) continue;
      boxes.push_back({box.x - box.width / 2, box.y - box.height / 2, box.width, box.height});
    }
    page.Boxes(boxes, ink);
  }
  for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
    const Layout::Box& box = layout.nodes[i];
    page.Text(box.x, box.y + 4, whole.nodes[i].label,
              {.anchor = SvgPage::Anchor::kMiddle, .size = 11});
  }
  return page.Finish(SvgPage::Form::kInline, "whole");
}

}  // namespace strata::advisor
