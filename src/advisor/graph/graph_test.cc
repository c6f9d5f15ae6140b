#include "advisor/graph/graph.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

const Json& Source() { return Facts(FactFile::kGraph); }

TEST(GraphTest, EveryDiagramIsThereWithItsNodesAndEdges) {
  std::size_t nodes = 0;
  std::size_t edges = 0;
  for (const Json& diagram : Source().at("diagrams")) {
    const auto graph = DiagramGraph(diagram.at("id").get<std::string>());
    ASSERT_TRUE(graph);
    EXPECT_EQ(graph->edges.size(), diagram.at("edges").size()) << graph->id;
    EXPECT_GE(graph->nodes.size(), diagram.at("nodes").size()) << graph->id;
    EXPECT_EQ(graph->sources.front(), diagram.at("source").get<std::string>());
    nodes += diagram.at("nodes").size();
    edges += graph->edges.size();
    EXPECT_TRUE(DiagramGraph(diagram.at("zh").get<std::string>())) << "by its Chinese title";
  }
  EXPECT_EQ(Source().at("diagrams").size(), 26U);
  EXPECT_EQ(nodes, 449U);
  EXPECT_EQ(edges, 423U);
}

// Laying the diagrams over each other gives what the facts list themselves.
TEST(GraphTest, EdgesBetweenEntitiesAreThoseThatTheFactsList) {
  using Edge = std::tuple<std::string, std::string, std::string, std::set<std::string>>;
  std::set<Edge> listed;
  for (const Json& edge : Source().at("entity_edges")) {
    listed.emplace(edge.at("from"), edge.at("relation"), edge.at("to"),
                   edge.at("in").get<std::set<std::string>>());
  }
  std::set<Edge> made;
  const Graph& whole = WholeGraph();
  for (const GraphEdge& edge : whole.edges) {
    const GraphNode& from = whole.nodes[edge.from];
    const GraphNode& to = whole.nodes[edge.to];
    if (!from.entity || !to.entity || edge.from == edge.to) continue;
    made.emplace(from.id, edge.relation, to.id, std::set(edge.in.begin(), edge.in.end()));
  }
  EXPECT_EQ(made, listed);
  EXPECT_EQ(listed.size(), 102U);
}

TEST(GraphTest, EntitiesAppearWhereTheFactsSay) {
  for (const Json& entity : Source().at("entities")) {
    const GraphNode* node = WholeGraph().Find(entity.at("id").get<std::string>());
    ASSERT_NE(node, nullptr);
    std::set<std::string> in(node->in.begin(), node->in.end());
    in.erase("relation_matrix_003");
    EXPECT_EQ(in, entity.at("appears_in").get<std::set<std::string>>()) << node->id;
  }
}

TEST(GraphTest, WhatIsNotedOfAnEdgeIsSaidWithTheEdge) {
  std::size_t noted = 0;
  for (const Json& diagram : Source().at("diagrams")) {
    const auto graph = DiagramGraph(diagram.at("id").get<std::string>());
    ASSERT_TRUE(graph);
    for (const Json& edge : diagram.at("edges")) {
      if (!edge.contains("note")) continue;
      ++noted;
      const std::string ends_with = ": " + edge.at("note").get<std::string>();
      EXPECT_TRUE(std::ranges::any_of(
          graph->notes, [&](const Text& note) { return note.en.ends_with(ends_with); }))
          << graph->id << ends_with;
    }
  }
  EXPECT_EQ(noted, 2U);
  const Text mesh{"service mesh drawn above WebAssembly: tree only",
                  "服务网格 画在其上 WebAssembly: 仅见于树形图"};
  const auto notes = DiagramGraph("concept_hierarchy")->notes;
  EXPECT_NE(std::ranges::find(notes, mesh), notes.end());
}

TEST(GraphTest, EveryLayerHasItsNodes) {
  for (const char* list : {"diagrams", "layer_models"}) {
    for (const Json& of : Source().at(list)) {
      if (!of.contains("layers")) continue;
      for (const Json& layer : of.at("layers")) {
        const auto graph = LayerGraph(layer.at("id").get<std::string>());
        ASSERT_TRUE(graph) << layer;
        EXPECT_FALSE(graph->nodes.empty()) << layer;
      }
    }
  }
  EXPECT_EQ(LayerGraph("architecture pattern layer")->nodes.size(), 8U);
  EXPECT_EQ(LayerGraph("orchestration")->edges.size(), 0U);
}

TEST(GraphTest, WhatIsNotThereIsRefusedWithTheNearest) {
  EXPECT_EQ(DiagramGraph("knowlege_graph").error().message,
            "no diagram 'knowlege_graph'; did you mean 'knowledge_graph'?");
  EXPECT_EQ(LayerGraph("quux").error().code, Errc::kNotFound);
}

TEST(GraphTest, APartHasTheEdgesBetweenItsNodes) {
  const Graph part = PartOf(WholeGraph(), {"docker", "kubernetes", "docker", "nothing"});
  EXPECT_EQ(part.nodes.size(), 2U);
  ASSERT_FALSE(part.edges.empty());
  for (const GraphEdge& edge : part.edges) {
    EXPECT_EQ(part.nodes[edge.from].id, "docker");
    EXPECT_EQ(part.nodes[edge.to].id, "kubernetes");
  }
}

}  // namespace
}  // namespace strata::advisor
