#include "advisor/graph/export.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

#include "advisor/report/kinds.h"
#include "advisor/report/svg.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kManyNodes = 100;

std::string EdgeText(const GraphEdge& edge, Language language) {
  return edge.label.empty() ? RelationText(edge.relation).In(language) : edge.label.In(language);
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// For Graphviz. A line break stays one.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += IsControl(c) ? ' ' : c;
  }
  return out + "\"";
}

// Mermaid has no backslash: characters that mean something are entities.
std::string MermaidText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"')
      out += "#quot;";
    else if (c == '#')
      out += "#35;";
    else if (c == '<')
      out += "#lt;";
    else if (c == '>')
      out += "#gt;";
    else
      out += IsControl(c) || c == '`' ? ' ' : c;  // "`...`" would be Markdown
  }
  return out + "\"";
}

bool IsLayer(const Graph& graph, const std::string& id) {
  return std::ranges::find(graph.layers, id, &GraphLayer::id) != graph.layers.end();
}

// Calls `begin` and `end` around the nodes of each layer, then takes the nodes that have none. A
// layer that is itself the end of an edge is a node, and is drawn outside.
void ForEachNode(const Graph& graph, const std::function<void(const GraphLayer&)>& begin,
                 const std::function<void()>& end,
                 const std::function<void(std::size_t, bool inside)>& node) {
  for (const GraphLayer& layer : graph.layers) {
    begin(layer);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      if (graph.nodes[i].layer == layer.id) node(i, true);
    }
    end();
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!IsLayer(graph, graph.nodes[i].layer)) node(i, false);
  }
}

std::string MermaidId(std::size_t node) { return "n" + std::to_string(node); }

std::string MermaidLayer(const std::string& id) {
  std::string name = "s_" + id;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_'; }, '_');
  return name;
}

// "Person", "System_Ext", ...: how Mermaid's C4 diagrams call a type.
std::string_view C4Name(std::string_view type) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"person", "Person"},       {"system", "System"},        {"external", "System_Ext"},
      {"container", "Container"}, {"database", "ContainerDb"}, {"component", "Component"}};
  for (const auto& [own, name] : kNames) {
    if (own == type) return name;
  }
  return "System";
}

std::string C4Node(const GraphNode& node, std::size_t index, Language language) {
  const std::string_view name = C4Name(node.type);
  std::string text(name);
  text += "(" + MermaidId(index) + ", " + MermaidText(node.label.In(language));
  if (name.starts_with("Container") || name == "Component") text += ", \"\"";  // the technology
  return text + ", " + MermaidText(node.description.In(language)) + ")\n";
}

std::string ToMermaidC4(const Graph& graph, Language language) {
  std::string text = graph.id == "c4_context"     ? "C4Context\n"
                     : graph.id == "c4_component" ? "C4Component\n"
                                                  : "C4Container\n";
  std::size_t boundaries = 0;
  ForEachNode(
      graph,
      [&](const GraphLayer& layer) {
        text += "  Boundary(b" + std::to_string(boundaries++) + ", " +
                MermaidText(layer.label.In(language)) + ") {\n";
      },
      [&] { text += "  }\n"; },
      [&](std::size_t node, bool inside) {
        text += (inside ? "    " : "  ") + C4Node(graph.nodes[node], node, language);
      });
  for (const GraphEdge& edge : graph.edges) {
    text += "  Rel(" + MermaidId(edge.from) + ", " + MermaidId(edge.to) + ", " +
            MermaidText(EdgeText(edge, language)) + ")\n";
  }
  return text;
}

}  // namespace

std::string ToMermaid(const Graph& graph, Language language) {
  if (graph.c4) return ToMermaidC4(graph, language);
  std::string text = "flowchart TB\n";
  ForEachNode(
      graph,
      [&](const GraphLayer& layer) {
        text += "  subgraph " + MermaidLayer(layer.id) + "[" +
                MermaidText(layer.label.In(language)) + "]\n";
      },
      [&] { text += "  end\n"; },
      [&](std::size_t node, bool inside) {
        text += inside ? "    " : "  ";
        text += MermaidId(node) + "[" + MermaidText(graph.nodes[node].label.In(language)) + "]\n";
      });
  for (const GraphEdge& edge : graph.edges) {
    text += "  " + MermaidId(edge.from) + " -->|" + MermaidText(EdgeText(edge, language)) + "| " +
            MermaidId(edge.to) + "\n";
  }
  return text;
}

std::string ToDot(const Graph& graph, Language language) {
  std::string text = "digraph " + Quoted(graph.id) +
                     " {\n  label=" + Quoted(graph.title.In(language)) +
                     ";\n  fontname=\"Helvetica\";\n  fontsize=13;\n  labeljust=l;\n"
                     "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11, "
                     "height=0.3, color=\"#57606a\"];\n"
                     "  edge [fontname=\"Helvetica\", fontsize=9, arrowsize=0.6, "
                     "color=\"#8c959f\", fontcolor=\"#57606a\"];\n";
  // In ranks, as it is drawn else, many nodes make a picture of metres. A layout without ranks does
  // not keep a layer together, and its box would lie around nodes of others.
  if (graph.layers.empty() && graph.nodes.size() > kManyNodes) {
    text += "  layout=neato;\n  overlap=prism;\n  sep=\"+4\";\n  splines=line;\n";
  }
  ForEachNode(
      graph,
      [&](const GraphLayer& layer) {
        text += "  subgraph " + Quoted("cluster_" + layer.id) +
                " {\n    label=" + Quoted(layer.label.In(language)) +
                ";\n    color=\"#d8dee4\";\n    style=rounded;\n";
      },
      [&] { text += "  }\n"; },
      [&](std::size_t node, bool inside) {
        const GraphNode& each = graph.nodes[node];
        text += inside ? "    " : "  ";
        std::string label = each.label.In(language);
        if (!each.description.empty()) label += "\n" + each.description.In(language);
        text += Quoted(each.id) + " [label=" + Quoted(label);
        if (each.entity) text += ", penwidth=1.5";
        text += "];\n";
      });
  for (const GraphEdge& edge : graph.edges) {
    text += "  " + Quoted(graph.nodes[edge.from].id) + " -> " + Quoted(graph.nodes[edge.to].id) +
            " [label=" + Quoted(EdgeText(edge, language)) + "];\n";
  }
  return text + "}\n";
}

Json ToJsonLd(const Graph& graph) {
  // Whoever loads two diagrams into one store has to get two nodes of what is called "K" in both.
  const auto id_of = [](const GraphNode& node) {
    return node.whole_id.empty() ? node.id : node.whole_id;
  };
  Json nodes = Json::array();
  for (const GraphNode& node : graph.nodes) {
    Json entry{{"@id", id_of(node)}, {"@type", node.type}, {"label", {{"en", node.label.en}}}};
    if (!node.label.zh.empty()) entry["label"]["zh"] = node.label.zh;
    if (!node.layer.empty()) entry["layer"] = node.layer;
    nodes.push_back(std::move(entry));
  }
  for (const GraphEdge& edge : graph.edges) {
    nodes[edge.from][edge.relation].push_back({{"@id", id_of(graph.nodes[edge.to])}});
  }
  return {
      {"@context",
       {{"@version", 1.1},
        {"@base", "urn:strata:graph/"},  // ids take the place of what follows the last slash
        {"@vocab", "urn:strata:graph:vocabulary:"},
        {"label",
         {{"@id", "http://www.w3.org/2000/01/rdf-schema#label"}, {"@container", "@language"}}}}},
      {"@graph", std::move(nodes)}};
}

std::string ToGraphMl(const Graph& graph) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  const auto key = [&text](std::string_view of, std::string_view name) {
    text += "  <key id=\"" + std::string(of) + "_" + std::string(name) + "\" for=\"" +
            std::string(of) + "\" attr.name=\"" + std::string(name) + "\" attr.type=\"string\"/>\n";
  };
  for (const char* name : {"label", "zh", "type", "layer"}) key("node", name);
  for (const char* name : {"relation", "label"}) key("edge", name);
  const auto data = [&text](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text += "<data key=\"" + std::string(name) + "\">" + EscapeXml(value) + "</data>";
  };
  text += "  <graph id=\"" + EscapeXml(graph.id) + "\" edgedefault=\"directed\">\n";
  for (const GraphNode& node : graph.nodes) {
    text += "    <node id=\"" + EscapeXml(node.id) + "\">";
    data("node_label", node.label.en);
    data("node_zh", node.label.zh);
    data("node_type", node.type);
    data("node_layer", node.layer);
    text += "</node>\n";
  }
  for (const GraphEdge& edge : graph.edges) {
    text += "    <edge source=\"" + EscapeXml(graph.nodes[edge.from].id) + "\" target=\"" +
            EscapeXml(graph.nodes[edge.to].id) + "\">";
    data("edge_relation", edge.relation);
    data("edge_label", edge.label.en);
    text += "</edge>\n";
  }
  return text + "  </graph>\n</graphml>\n";
}

}  // namespace strata::advisor
