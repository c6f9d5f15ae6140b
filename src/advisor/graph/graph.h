// advisor/graph/graph.h - the knowledge graph: what the documents draw, as nodes and edges.
//
// The whole graph is all diagrams and the relation matrix laid over each other: what several of
// them show is one node (an entity), and an edge that several of them have is one edge that names
// them.
//
// Threads: values. Tested by graph_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/text.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::advisor {

struct GraphNode {
  std::string id;
  Text label;
  std::string type;     // "concept", "technology", ...; of what one diagram has alone "node"
  std::string layer;    // of its diagram; may be empty
  bool entity = false;  // it is known beyond one diagram
  std::vector<std::string> in;  // ids of diagrams
  Text description;             // what it is, beside its label; may be empty
  std::string whole_id;         // of one in a diagram: its id in the whole graph
};

struct GraphEdge {
  std::size_t from = 0;  // in Graph::nodes
  std::size_t to = 0;
  std::string relation;  // snake_case
  Text label;            // what is written at it; may be empty
  std::vector<std::string> in;
};

struct GraphLayer {
  std::string id;
  Text label;
};

struct Graph {
  std::string id;
  Text title;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
  std::vector<GraphLayer> layers;  // top to bottom
  std::vector<Text> notes;
  std::vector<std::string> sources;
  bool c4 = false;  // its types are those of the C4 model (advisor/system.h)

  // nullptr: there is no node of that id.
  [[nodiscard]] const GraphNode* Find(std::string_view node) const;
};

const Graph& WholeGraph();

// One diagram, with the ids that it has itself. kNotFound with the nearest names.
Result<Graph> DiagramGraph(std::string_view name);

// A layer of a diagram or of a layer model. Several may be called the same: the first keeps its id,
// the others are "DIAGRAM.LAYER".
struct LayerFact {
  std::string id;
  const Json* of;     // the diagram or model
  const Json* layer;  // in it
  bool model;
};

const std::vector<LayerFact>& AllLayers();

// What is in one layer of any diagram or layer model, and what is between its nodes.
Result<Graph> LayerGraph(std::string_view name);

// The nodes of these ids of `whole` and the edges between them.
Graph PartOf(const Graph& whole, const std::vector<std::string>& nodes);

// "001 §4.1" of a diagram, or of the relation matrix.
std::string SourceOfDiagram(const std::string& id);

}  // namespace strata::advisor
