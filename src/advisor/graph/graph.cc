#include "advisor/graph/graph.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "advisor/report/kinds.h"

namespace strata::advisor {
namespace {

// What entity_edges calls the table of relations, which is no diagram.
constexpr std::string_view kRelationMatrix = "relation_matrix_003";
constexpr const char* kRelationMatrixSource = "003 §00.4.2";

const Json& Source() { return Facts(FactFile::kGraph); }

void AddOnce(std::vector<std::string>& to, const std::string& text) {
  if (std::ranges::find(to, text) == to.end()) to.push_back(text);
}

// Nodes and edges by what makes them the same.
class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  std::size_t Node(GraphNode node) {
    const auto [found, made] = nodes_.try_emplace(node.id, graph_.nodes.size());
    if (made) {
      graph_.nodes.push_back(std::move(node));
    } else {
      for (const std::string& diagram : node.in) AddOnce(graph_.nodes[found->second].in, diagram);
    }
    return found->second;
  }
  void Edge(GraphEdge edge) {
    const auto [found, made] =
        edges_.try_emplace({edge.from, edge.relation, edge.to}, graph_.edges.size());
    if (made) {
      graph_.edges.push_back(std::move(edge));
      return;
    }
    GraphEdge& known = graph_.edges[found->second];
    for (const std::string& diagram : edge.in) AddOnce(known.in, diagram);
    if (known.label.empty()) known.label = std::move(edge.label);
  }

 private:
  Graph& graph_;
  std::map<std::string, std::size_t> nodes_;
  std::map<std::tuple<std::size_t, std::string, std::size_t>, std::size_t> edges_;
};

Text EdgeLabelOf(const Json& edge) { return {edge.value("label", ""), edge.value("zh", "")}; }

// A diagram's node or layer as it is called in the whole graph.
std::string WholeId(const std::string& diagram, const Json& node) {
  if (node.contains("entity")) return node.at("entity");
  const std::string id = node.at("id");
  return id.starts_with(diagram) ? id : diagram + "." + id;
}

// What an edge of the diagram may end at.
std::map<std::string, const Json*> EndsOf(const Json& diagram) {
  std::map<std::string, const Json*> ends;
  for (const Json& node : diagram.at("nodes")) ends.emplace(node.at("id"), &node);
  if (diagram.contains("layers")) {
    for (const Json& layer : diagram.at("layers")) ends.emplace(layer.at("id"), &layer);
  }
  return ends;
}

void AddDiagram(const Json& diagram, Builder& builder) {
  const std::string id = diagram.at("id");
  const auto ends = EndsOf(diagram);
  const auto node = [&id, &builder](const Json& end) {
    return builder.Node({.id = WholeId(id, end),
                         .label = LabelOf(end),
                         .type = end.value("type", "node"),
                         .layer = end.value("layer", ""),
                         .in = {id}});
  };
  for (const Json& each : diagram.at("nodes")) node(each);
  for (const Json& edge : diagram.at("edges")) {
    builder.Edge({.from = node(*ends.at(edge.at("from"))),
                  .to = node(*ends.at(edge.at("to"))),
                  .relation = edge.at("relation"),
                  .label = EdgeLabelOf(edge),
                  .in = {id}});
  }
}

Graph MakeWholeGraph() {
  Graph graph{.id = "whole", .title = {"Knowledge graph", "知识图谱"}};
  Builder builder(graph);
  for (const Json& entity : Source().at("entities")) {
    builder.Node({.id = entity.at("id"),
                  .label = LabelOf(entity),
                  .type = entity.at("type"),
                  .entity = true,
                  .in = {}});
  }
  for (const Json& diagram : Source().at("diagrams")) {
    AddDiagram(diagram, builder);
    AddOnce(graph.sources, diagram.at("source"));
  }
  for (const Json& row : Source().at("relation_matrix")) {
    const auto entity = [&builder](const Json& id) {
      return builder.Node({.id = id, .in = {std::string(kRelationMatrix)}});
    };
    builder.Edge({.from = entity(row.at("from_entity")),
                  .to = entity(row.at("to_entity")),
                  .relation = row.at("relation"),
                  .label = EdgeLabelOf(row),
                  .in = {std::string(kRelationMatrix)}});
  }
  AddOnce(graph.sources, kRelationMatrixSource);
  return graph;
}

// What a diagram says beside its drawing.
void AddNotes(const Json& diagram, Graph& graph) {
  for (const char* key :
       {"features", "assumptions", "breakthroughs", "bottlenecks", "layer_notes"}) {
    if (!diagram.contains(key)) continue;
    for (const Json& each : diagram.at(key)) graph.notes.push_back(LabelOf(each));
  }
  for (const char* key : {"theme", "note"}) {
    if (diagram.contains(key)) graph.notes.push_back(TextOf(diagram, key));
  }
  const auto ends = EndsOf(diagram);
  for (const Json& edge : diagram.at("edges")) {
    if (!edge.contains("note")) continue;
    const Text between = Join(LabelOf(*ends.at(edge.at("from"))), " ",
                              Join(RelationText(edge.at("relation").get<std::string>()), " ",
                                   LabelOf(*ends.at(edge.at("to")))));
    graph.notes.push_back(Join(between, ": ", TextOf(edge, "note")));
  }
}

Graph MakeDiagram(const Json& diagram) {
  Graph graph{.id = diagram.at("id"),
              .title = LabelOf(diagram),
              .sources = {diagram.at("source").get<std::string>()}};
  Builder builder(graph);
  const auto ends = EndsOf(diagram);
  const auto add = [&builder, &graph](const Json& end) {
    return builder.Node({.id = end.at("id"),
                         .label = LabelOf(end),
                         .type = end.value("type", "node"),
                         .layer = end.value("layer", ""),
                         .entity = end.contains("entity"),
                         .in = {graph.id},
                         .description = {},
                         .whole_id = WholeId(graph.id, end)});
  };
  if (diagram.contains("layers")) {
    for (const Json& layer : diagram.at("layers")) {
      graph.layers.push_back({layer.at("id"), LabelOf(layer)});
    }
  }
  for (const Json& node : diagram.at("nodes")) add(node);
  for (const Json& edge : diagram.at("edges")) {
    builder.Edge({.from = add(*ends.at(edge.at("from"))),
                  .to = add(*ends.at(edge.at("to"))),
                  .relation = edge.at("relation"),
                  .label = EdgeLabelOf(edge),
                  .in = {graph.id}});
  }
  AddNotes(diagram, graph);
  return graph;
}

// A layer model's members are words, not nodes: those that the graph knows are.
Graph MemberGraph(const Json& model, const Json& layer) {
  Names known("node");
  for (const GraphNode& node : WholeGraph().nodes) {
    if (!node.entity) continue;
    known.Add(node.id, node.id);
    known.Add(node.id, node.label.en);
  }
  std::vector<std::string> ids;
  Graph others;
  for (const Json& member : layer.at("members")) {
    if (auto id = known.Find(member.get<std::string>())) {
      ids.push_back(std::move(*id));
    } else {
      others.nodes.push_back({.id = member, .label = {member, ""}, .type = "node"});
    }
  }
  Graph graph = PartOf(WholeGraph(), ids);
  graph.nodes.insert(graph.nodes.end(), others.nodes.begin(), others.nodes.end());
  graph.id = layer.at("id");
  graph.title = LabelOf(layer);
  graph.sources = {model.at("source").get<std::string>()};
  return graph;
}

Graph LayerOfDiagram(const Json& diagram, const Json& layer) {
  const Graph whole = MakeDiagram(diagram);
  std::vector<std::string> ids;
  for (const GraphNode& node : whole.nodes) {
    if (node.layer == layer.at("id").get<std::string>()) ids.push_back(node.id);
  }
  Graph graph = PartOf(whole, ids);
  graph.id = layer.at("id");
  graph.title = Join(LabelOf(layer), ": ", LabelOf(diagram));
  graph.sources = {diagram.at("source").get<std::string>()};
  return graph;
}

}  // namespace

const GraphNode* Graph::Find(std::string_view node) const {
  const auto found = std::ranges::find(nodes, node, &GraphNode::id);
  return found == nodes.end() ? nullptr : &*found;
}

const Graph& WholeGraph() {
  static const Graph graph = MakeWholeGraph();
  return graph;
}

Result<Graph> DiagramGraph(std::string_view name) {
  Names names("diagram");
  names.AddAll(Source().at("diagrams"));
  auto id = names.Find(name);
  if (!id) return std::unexpected(std::move(id).error());
  return MakeDiagram(*FindFact(Source().at("diagrams"), *id));
}

const std::vector<LayerFact>& AllLayers() {
  static const std::vector<LayerFact> all = [] {
    std::vector<LayerFact> layers;
    for (const char* list : {"diagrams", "layer_models"}) {
      for (const Json& of : Source().at(list)) {
        if (!of.contains("layers")) continue;
        for (const Json& layer : of.at("layers")) {
          std::string id = layer.at("id");
          if (std::ranges::find(layers, id, &LayerFact::id) != layers.end()) {
            id = of.at("id").get<std::string>() + "." + id;
          }
          layers.push_back({std::move(id), &of, &layer, list == std::string_view("layer_models")});
        }
      }
    }
    return layers;
  }();
  return all;
}

Result<Graph> LayerGraph(std::string_view name) {
  Names names("layer", "strata graph");
  for (const LayerFact& each : AllLayers()) names.Add(each.id, each.id);
  for (const LayerFact& each : AllLayers()) {
    names.Add(each.id, LabelOf(*each.layer).en);
    names.Add(each.id, LabelOf(*each.layer).zh);
    names.Add(each.id,
              each.of->at("id").get<std::string>() + "." + each.layer->at("id").get<std::string>());
  }
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  const LayerFact& found = *std::ranges::find(AllLayers(), *id, &LayerFact::id);
  return found.model ? MemberGraph(*found.of, *found.layer)
                     : LayerOfDiagram(*found.of, *found.layer);
}

Graph PartOf(const Graph& whole, const std::vector<std::string>& nodes) {
  Graph part{.id = whole.id, .title = whole.title};
  std::map<std::size_t, std::size_t> places;
  for (const std::string& id : nodes) {
    const auto found = std::ranges::find(whole.nodes, id, &GraphNode::id);
    if (found == whole.nodes.end()) continue;
    const auto at = static_cast<std::size_t>(found - whole.nodes.begin());
    if (places.try_emplace(at, part.nodes.size()).second) part.nodes.push_back(*found);
  }
  for (const GraphEdge& edge : whole.edges) {
    const auto from = places.find(edge.from);
    const auto to = places.find(edge.to);
    if (from == places.end() || to == places.end()) continue;
    GraphEdge inside = edge;
    inside.from = from->second;
    inside.to = to->second;
    part.edges.push_back(std::move(inside));
  }
  return part;
}

std::string SourceOfDiagram(const std::string& id) {
  if (id == kRelationMatrix) return kRelationMatrixSource;
  const Json* diagram = FindFact(Source().at("diagrams"), id);
  return diagram == nullptr ? "" : diagram->at("source").get<std::string>();
}

}  // namespace strata::advisor
