#include "advisor/graph/answers.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/graph/glossary.h"
#include "advisor/names.h"
#include "advisor/report/kinds.h"
#include "advisor/report/refusal.h"

namespace strata::advisor {
namespace {

const Json& Source() { return Facts(FactFile::kGraph); }

// Ids first: a label may belong to nodes of several diagrams, and an entity is meant then.
Names MakeNodeNames() {
  Names names("node", "strata graph nodes");
  const Graph& whole = WholeGraph();
  for (const GraphNode& node : whole.nodes) names.Add(node.id, node.id);
  for (const bool entity : {true, false}) {
    for (const GraphNode& node : whole.nodes) {
      if (node.entity != entity) continue;
      names.Add(node.id, node.label.en);
      names.Add(node.id, node.label.zh);
    }
  }
  for (const Json* list : {&Facts(FactFile::kConcepts).at("concepts"), &Source().at("entities")}) {
    for (const Json& each : *list) names.AddAliases(each);
  }
  // A class stands for its concept, unless a node is called so.
  for (const Subject& each : ClassSubjects()) names.Add(each.concept_id, each.id);
  return names;
}

std::size_t IndexOf(const Graph& graph, const std::string& id) {
  return static_cast<std::size_t>(std::ranges::find(graph.nodes, id, &GraphNode::id) -
                                  graph.nodes.begin());
}

Result<std::size_t> FindNode(std::string_view name) {
  static const Names names = MakeNodeNames();
  auto id = names.Find(name);
  if (!id) return std::unexpected(std::move(id).error());
  return IndexOf(WholeGraph(), *id);
}

// The concept that is called as the node is, which in a diagram is a node of its own: its box
// "container" is not the concept that the class stands for. Without rows: there is none other.
Section ConceptOfNode(const GraphNode& node) {
  Section section{.id = "concept",
                  .title = {"Concept that is called so", "同名的概念"},
                  .columns = {{"concept", {"concept", "概念"}},
                              {"label", {"label", "名称"}},
                              {"definition", {"definition", "定义"}},
                              {"see", {"what is known of it", "查看"}}}};
  const auto subject = FindSubject(node.label.en);
  if (!subject || subject->concept_id.empty() || subject->concept_id == node.id) return section;
  const Json& known = ConceptOf(subject->concept_id);
  section.rows.push_back({WordCell(subject->concept_id), TextCell(LabelOf(known)),
                          TextCell(TextOf(known, "definition")),
                          WordCell("strata graph neighbours " + subject->concept_id)});
  return section;
}

std::string SourcesOf(const std::vector<std::string>& diagrams) {
  std::vector<std::string> sources;
  for (const std::string& diagram : diagrams) {
    std::string source = SourceOfDiagram(diagram);
    if (std::ranges::find(sources, source) == sources.end()) sources.push_back(std::move(source));
  }
  return Listed(sources);
}

Section NodesOf(const Graph& graph) {
  Section section{.id = "nodes",
                  .title = {"Nodes", "节点"},
                  .columns = {{"id", {"id", "标识"}},
                              {"label", {"label", "名称"}},
                              {"type", {"type", "类型"}},
                              {"layer", {"layer", "层"}}}};
  for (const GraphNode& node : graph.nodes) {
    section.rows.push_back({WordCell(node.id), TextCell(node.label), KindCell(node.type),
                            node.layer.empty() ? NoCell() : WordCell(node.layer)});
  }
  return section;
}

std::vector<Cell> EdgeCells(const Graph& graph, const GraphEdge& edge) {
  return {TextCell(graph.nodes[edge.from].label),
          TextCell(RelationText(edge.relation)),
          TextCell(graph.nodes[edge.to].label),
          edge.label.empty() ? NoCell() : TextCell(edge.label),
          WordCell(Listed(edge.in)),
          WordCell(SourcesOf(edge.in))};
}

Section EmptyEdges() {
  return {.id = "edges",
          .title = {"Edges", "关系"},
          .columns = {{"from", {"from", "起点"}},
                      {"relation", {"relation", "关系"}},
                      {"to", {"to", "终点"}},
                      {"text", {"text", "说明"}},
                      {"diagrams", {"diagrams", "图"}},
                      {"source", {"source", "出处"}}}};
}

Section EdgesOf(const Graph& graph) {
  Section section = EmptyEdges();
  for (const GraphEdge& edge : graph.edges) section.rows.push_back(EdgeCells(graph, edge));
  return section;
}

GraphAnswer AnswerOf(Graph graph) {
  Report report{.id = "graph", .title = graph.title, .sections = {NodesOf(graph)}};
  if (!graph.edges.empty()) report.sections.push_back(EdgesOf(graph));
  report.notes = graph.notes;
  report.sources = graph.sources;
  return {std::move(report), std::move(graph)};
}

// One edge of a way; `back`: it is gone against its direction.
struct Step {
  std::size_t edge;
  bool back;
};

using Allowed = std::function<bool(const GraphEdge&)>;

// The shortest way of at least one edge, the first in the order of the facts where there are
// several.
std::optional<std::vector<Step>> ShortestWay(const Graph& graph, std::size_t from, std::size_t to,
                                             bool either_way, const Allowed& allowed) {
  std::vector<std::optional<Step>> came(graph.nodes.size());
  std::deque<std::size_t> next = {from};
  const auto other_end = [&graph](const Step& step) {
    const GraphEdge& edge = graph.edges[step.edge];
    return step.back ? edge.to : edge.from;
  };
  while (!next.empty() && !came[to]) {
    const std::size_t at = next.front();
    next.pop_front();
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
      const GraphEdge& edge = graph.edges[i];
      if (!allowed(edge)) continue;
      const auto go = [&](std::size_t there, bool back) {
        if (came[there] || (there == from && there != to)) return;
        came[there] = Step{i, back};
        next.push_back(there);
      };
      if (edge.from == at) go(edge.to, false);
      if (either_way && edge.to == at) go(edge.from, true);
    }
  }
  if (!came[to]) return std::nullopt;
  std::vector<Step> way;
  std::size_t at = to;
  do {
    way.push_back(*came[at]);
    at = other_end(*came[at]);
  } while (at != from);
  std::ranges::reverse(way);
  return way;
}

// The nodes and edges of a way, as rows in the order in which it is gone.
GraphAnswer WayAnswer(Text title, const std::vector<Step>& way) {
  const Graph& whole = WholeGraph();
  Section section = EmptyEdges();
  section.id = "steps";
  section.title = {"Steps", "步骤"};
  std::vector<std::string> ids;
  std::set<std::string> sources;
  bool against = false;
  for (const Step& step : way) {
    const GraphEdge& edge = whole.edges[step.edge];
    section.rows.push_back(EdgeCells(whole, edge));
    ids.push_back(whole.nodes[step.back ? edge.to : edge.from].id);
    ids.push_back(whole.nodes[step.back ? edge.from : edge.to].id);
    for (const std::string& diagram : edge.in) sources.insert(SourceOfDiagram(diagram));
    against = against || step.back;
  }
  Graph graph = PartOf(whole, ids);
  graph.id = "way";
  graph.title = title;
  Report report{.id = "graph", .title = std::move(title), .sections = {std::move(section)}};
  report.sources.assign(sources.begin(), sources.end());
  if (against) {
    report.notes.push_back(
        {"There is no way along the edges: some are gone against their direction.",
         "没有顺着关系方向的路径：部分关系为逆向。"});
  }
  return {std::move(report), std::move(graph)};
}

// What "depends on" is said with beside the word itself, and what makes it possible only: something
// else may be run on or implement it.
constexpr std::array<std::string_view, 3> kDependencies = {"depends_on", "runs_on", "uses"};
constexpr std::array<std::string_view, 2> kPossible = {"can_run_on", "implemented_by"};

bool Has(std::span<const std::string_view> relations, const std::string& relation) {
  return std::ranges::find(relations, relation) != relations.end();
}

Names RelationNames() {
  std::set<std::string> relations;
  for (const GraphEdge& edge : WholeGraph().edges) relations.insert(edge.relation);
  Names names("relation", "strata graph");
  for (const std::string& relation : relations) names.Add(relation, relation);
  for (const Json& type : Source().at("relation_types")) names.Add(type.at("id"), type.at("id"));
  for (const std::string& relation : relations) {
    names.AddLabel(relation, RelationText(relation));
  }
  return names;
}

// A node, and what it was asked for as.
struct Asked {
  std::size_t node;
  std::string_view name;
};

std::unexpected<Error> NobodySays(const Graph& whole, Asked from, const std::string& relation,
                                  Asked to) {
  const std::string nobody =
      Say(Refusal::kNobodySays, {from.name, RelationText(relation).en, to.name});
  const auto reverse =
      ShortestWay(whole, to.node, from.node, false,
                  [&relation](const GraphEdge& edge) { return edge.relation == relation; });
  if (reverse) return Refuse(Errc::kNotFound, Refusal::kSaidReversed, {nobody});
  return Refuse(
      Errc::kNotFound, Refusal::kShownByPath,
      {nobody, "strata graph path " + whole.nodes[from.node].id + " " + whole.nodes[to.node].id});
}

}  // namespace

GraphAnswer Overview() {
  const Graph& whole = WholeGraph();
  Section diagrams{.id = "diagrams",
                   .title = {"Diagrams", "图"},
                   .columns = {{"id", {"id", "标识"}},
                               {"title", {"title", "标题"}},
                               {"kind", {"kind", "类型"}},
                               {"nodes", {"nodes", "节点"}},
                               {"edges", {"edges", "关系"}},
                               {"source", {"source", "出处"}}}};
  for (const Json& diagram : Source().at("diagrams")) {
    diagrams.rows.push_back({WordCell(diagram.at("id").get<std::string>()),
                             TextCell(LabelOf(diagram)),
                             KindCell(diagram.at("kind").get<std::string>()),
                             NumberCell(static_cast<double>(diagram.at("nodes").size())),
                             NumberCell(static_cast<double>(diagram.at("edges").size())),
                             WordCell(diagram.at("source").get<std::string>())});
  }
  Section layers{
      .id = "layers",
      .title = {"Layers", "层"},
      .columns = {{"id", {"id", "标识"}}, {"title", {"title", "标题"}}, {"of", {"of", "所属"}}}};
  for (const LayerFact& each : AllLayers()) {
    layers.rows.push_back({WordCell(each.id), TextCell(LabelOf(*each.layer)),
                           WordCell(each.of->at("id").get<std::string>())});
  }
  Section relations{.id = "relations",
                    .title = {"Kinds of relations that the documents define", "文档定义的关系类型"},
                    .columns = {{"id", {"id", "标识"}}, {"meaning", {"meaning", "含义"}}}};
  for (const Json& type : Source().at("relation_types")) {
    relations.rows.push_back({WordCell(type.at("id").get<std::string>()), TextCell(LabelOf(type))});
  }
  const auto count = [](std::size_t number) { return Figure(static_cast<double>(number)); };
  Report report{.id = "graph",
                .title = whole.title,
                .sections = {std::move(diagrams), std::move(layers), std::move(relations)},
                .notes = {{"Laid over each other: " + count(whole.nodes.size()) + " nodes, " +
                               count(whole.edges.size()) + " edges",
                           "叠加后：" + count(whole.nodes.size()) + " 个节点，" +
                               count(whole.edges.size()) + " 条关系"}}};
  return {std::move(report), whole};
}

Result<GraphAnswer> Entities(std::string_view type) {
  Names types("type of node");
  for (const Json& entity : Source().at("entities"))
    types.Add(entity.at("type"), entity.at("type"));
  std::string wanted;
  if (!type.empty()) {
    auto found = types.Find(type);
    if (!found) return std::unexpected(std::move(found).error());
    wanted = std::move(*found);
  }
  std::vector<std::string> ids;
  for (const Json& entity : Source().at("entities")) {
    if (wanted.empty() || entity.at("type") == wanted) ids.push_back(entity.at("id"));
  }
  return AnswerOf(PartOf(WholeGraph(), ids));
}

Result<GraphAnswer> Diagram(std::string_view name) {
  auto graph = DiagramGraph(name);
  if (!graph) return std::unexpected(std::move(graph).error());
  return AnswerOf(std::move(*graph));
}

Result<GraphAnswer> Layer(std::string_view name) {
  auto graph = LayerGraph(name);
  if (!graph) return std::unexpected(std::move(graph).error());
  return AnswerOf(std::move(*graph));
}

Result<GraphAnswer> Neighbours(std::string_view node) {
  const auto at = FindNode(node);
  if (!at) return std::unexpected(at.error());
  const Graph& whole = WholeGraph();
  const GraphNode& self = whole.nodes[*at];
  Section edges = EmptyEdges();
  std::vector<std::string> ids = {self.id};
  for (const GraphEdge& edge : whole.edges) {
    if (edge.from != *at && edge.to != *at) continue;
    edges.rows.push_back(EdgeCells(whole, edge));
    ids.push_back(whole.nodes[edge.from == *at ? edge.to : edge.from].id);
  }
  Graph graph = PartOf(whole, ids);
  graph.id = self.id;
  graph.title = self.label;
  Report report{.id = "graph", .title = self.label, .sections = {}};
  Section meaning = Definitions(self.label.en);
  if (!meaning.rows.empty()) report.sections.push_back(std::move(meaning));
  if (Section named = ConceptOfNode(self); !named.rows.empty()) {
    report.sections.push_back(std::move(named));
  }
  report.sections.push_back(std::move(edges));
  report.notes.push_back({"in " + Listed(self.in), "出现于 " + Listed(self.in)});
  return GraphAnswer{std::move(report), std::move(graph)};
}

Result<GraphAnswer> Path(std::string_view from, std::string_view to) {
  const auto a = FindNode(from);
  if (!a) return std::unexpected(a.error());
  const auto b = FindNode(to);
  if (!b) return std::unexpected(b.error());
  const Graph& whole = WholeGraph();
  const auto any = [](const GraphEdge&) { return true; };
  if (*a == *b) return Refuse(Errc::kInvalidArgument, Refusal::kOneNode, {});
  auto way = ShortestWay(whole, *a, *b, false, any);
  if (!way) way = ShortestWay(whole, *a, *b, true, any);
  const Text title = Join(whole.nodes[*a].label, " → ", whole.nodes[*b].label);
  if (!way) return Refuse(Errc::kNotFound, Refusal::kNoWay, {from, to});
  return WayAnswer(title, *way);
}

Result<GraphAnswer> Why(std::string_view from, std::string_view relation, std::string_view to) {
  const auto a = FindNode(from);
  if (!a) return std::unexpected(a.error());
  const auto id = RelationNames().Find(relation);
  if (!id) return std::unexpected(id.error());
  const auto b = FindNode(to);
  if (!b) return std::unexpected(b.error());
  const Graph& whole = WholeGraph();
  auto way = ShortestWay(whole, *a, *b, false,
                         [&id](const GraphEdge& edge) { return edge.relation == *id; });
  const bool literal = way.has_value();
  const bool dependence = *id == kDependencies.front();
  if (!way && dependence) {
    way = ShortestWay(whole, *a, *b, false,
                      [](const GraphEdge& edge) { return Has(kDependencies, edge.relation); });
  }
  const bool certain = way.has_value();
  if (!way && dependence) {
    way = ShortestWay(whole, *a, *b, false, [](const GraphEdge& edge) {
      return Has(kDependencies, edge.relation) || Has(kPossible, edge.relation);
    });
  }
  if (!way) return NobodySays(whole, {*a, from}, *id, {*b, to});
  const Text relation_text = certain ? RelationText(*id) : Text{"may depend on", "可能依赖"};
  const Text title =
      Join(Join(whole.nodes[*a].label, " ", relation_text), " ", whole.nodes[*b].label);
  GraphAnswer answer = WayAnswer(title, *way);
  if (!certain) {
    answer.report.notes.push_back(
        {"No document says that it does. It can by this way: what can run on or is implemented by "
         "one thing may do without it.",
         "没有文档表述该依赖。仅沿此路径可能成立：可运行于某物或可由某物实现者，未必离不开它。"});
  } else if (!literal) {
    answer.report.notes.push_back(
        {"No document uses these words; it follows from what runs on or uses what.",
         "没有文档直接这样表述；由运行于、使用等关系推得。"});
  } else if (way->size() > 1) {
    answer.report.notes.push_back(
        {"Said in steps: no document has it directly.", "逐步得出：没有文档直接表述。"});
  }
  return answer;
}

}  // namespace strata::advisor
