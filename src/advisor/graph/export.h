// advisor/graph/export.h - a graph as other programs take it.
//
// All of them are deterministic. Texts and ids may hold anything: each form escapes or leaves out
// what means something to it, so that every string makes one well-formed file of the same shape.
//
// Threads: pure functions. Tested by export_test.cc.
#pragma once

#include <string>

#include "advisor/graph/graph.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor {

// A flowchart, with a subgraph for each layer; of a graph in C4's words one of Mermaid's C4
// diagrams.
std::string ToMermaid(const Graph& graph, Language language);

// For Graphviz, with a cluster for each layer; of many nodes without layers side by side,
// not in ranks.
std::string ToDot(const Graph& graph, Language language);

// JSON-LD 1.1: ids under urn:strata:graph:, a relation is a property, labels have their language.
Json ToJsonLd(const Graph& graph);

// GraphML with the data label, zh, type and layer of nodes, and relation and label of edges.
std::string ToGraphMl(const Graph& graph);

}  // namespace strata::advisor
