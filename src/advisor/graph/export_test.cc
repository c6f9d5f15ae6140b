#include "advisor/graph/export.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;

std::ptrdiff_t CountOf(std::string_view text, std::string_view part) {
  std::ptrdiff_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

Graph Example() {
  return {
      .id = "example",
      .title = {"an example", "例子"},
      .nodes = {{.id = "a", .label = {"the \"A\" <1>", "甲"}, .type = "node", .layer = "top"},
                {.id = "b", .label = {"B#2", ""}, .type = "technology", .entity = true}},
      .edges = {{.from = 0, .to = 1, .relation = "runs_on", .label = {}, .in = {"example"}},
                {.from = 1, .to = 0, .relation = "uses", .label = {"& more", "更多"}, .in = {}}},
      .layers = {{"top", {"top layer", "上层"}}}};
}

TEST(ExportTest, Mermaid) {
  EXPECT_EQ(ToMermaid(Example(), Language::kEnglish),
            "flowchart TB\n"
            "  subgraph s_top[\"top layer\"]\n"
            "    n0[\"the #quot;A#quot; #lt;1#gt;\"]\n"
            "  end\n"
            "  n1[\"B#35;2\"]\n"
            "  n0 -->|\"runs on\"| n1\n"
            "  n1 -->|\"& more\"| n0\n");
  EXPECT_THAT(ToMermaid(Example(), Language::kChinese), HasSubstr("n1 -->|\"更多\"| n0\n"));
}

TEST(ExportTest, Dot) {
  const std::string dot = ToDot(Example(), Language::kEnglish);
  EXPECT_THAT(dot, testing::StartsWith("digraph \"example\" {\n  label=\"an example\";\n"));
  EXPECT_THAT(dot, HasSubstr("  subgraph \"cluster_top\" {\n    label=\"top layer\";\n"
                             "    color=\"#d8dee4\";\n    style=rounded;\n"
                             "    \"a\" [label=\"the \\\"A\\\" <1>\"];\n  }\n"));
  EXPECT_THAT(dot, HasSubstr("  \"b\" [label=\"B#2\", penwidth=1.5];\n"));
  EXPECT_THAT(dot, HasSubstr("  \"a\" -> \"b\" [label=\"runs on\"];\n"));
}

TEST(ExportTest, JsonLd) {
  const Json json = ToJsonLd(Example());
  EXPECT_EQ(json["@context"]["label"]["@container"], "@language");
  EXPECT_EQ(json["@graph"][0], Json::parse(R"(
      {"@id": "a", "@type": "node", "label": {"en": "the \"A\" <1>", "zh": "甲"}, "layer": "top",
       "runs_on": [{"@id": "b"}]})"));
  EXPECT_EQ(json["@graph"][1]["uses"], Json::parse(R"([{"@id": "a"}])"));
}

TEST(ExportTest, IdsOfADiagramsJsonLdAreThoseOfTheWholeGraph) {
  const Json json = ToJsonLd(DiagramGraph("evolution_tree").value());
  ASSERT_FALSE(json["@graph"].empty());
  for (const Json& node : json["@graph"]) {
    const std::string id = node["@id"];
    EXPECT_NE(WholeGraph().Find(id), nullptr) << id;
    for (const auto& [key, value] : node.items()) {
      if (!value.is_array()) continue;
      for (const Json& to : value)
        EXPECT_NE(WholeGraph().Find(to["@id"].get<std::string>()), nullptr);
    }
  }
}

// An @id is a reference relative to @base (RFC 3986): it takes the place of all that follows the
// last slash, so there must be one, and nothing in an id that would end it or be a scheme.
TEST(ExportTest, IdsOfJsonLdAreInTheGraphsNamespace) {
  const Json json = ToJsonLd(WholeGraph());
  EXPECT_EQ(json["@context"]["@base"], "urn:strata:graph/");
  for (const Json& node : json["@graph"]) {
    EXPECT_THAT(node["@id"].get<std::string>(),
                testing::MatchesRegex("[A-Za-z0-9_][A-Za-z0-9_.-]*"));
  }
}

TEST(ExportTest, GraphMl) {
  const std::string xml = ToGraphMl(Example());
  EXPECT_THAT(xml, HasSubstr("<node id=\"a\"><data key=\"node_label\">the &quot;A&quot; &lt;1&gt;"
                             "</data><data key=\"node_zh\">甲</data>"));
  EXPECT_THAT(xml,
              HasSubstr("<edge source=\"b\" target=\"a\"><data key=\"edge_relation\">uses</data>"
                        "<data key=\"edge_label\">&amp; more</data></edge>\n"));
}

TEST(ExportTest, TheWholeGraphIsExportedWithAllItsEdges) {
  const Graph& whole = WholeGraph();
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count(ToMermaid(whole, Language::kEnglish), "-->|"), whole.edges.size());
  EXPECT_EQ(count(ToDot(whole, Language::kChinese), " -> \""), whole.edges.size());
  EXPECT_EQ(count(ToDot(whole, Language::kChinese), "layout=neato;"), 1U);
  EXPECT_EQ(count(ToDot(Example(), Language::kChinese), "layout="), 0U) << "a few are in ranks";
  Graph layered = whole;
  layered.layers = {{"top", {"top layer", "上层"}}};
  EXPECT_EQ(count(ToDot(layered, Language::kChinese), "layout="), 0U) << "a layer stays together";
  EXPECT_EQ(count(ToGraphMl(whole), "<edge "), whole.edges.size());
  std::size_t links = 0;
  const Json linked = ToJsonLd(whole);
  for (const Json& node : linked["@graph"]) {
    for (const Json& member : node) {
      if (member.is_array()) links += member.size();
    }
  }
  EXPECT_EQ(links, whole.edges.size());
}

// Bytes that mean something to one of the forms, and some that mean nothing to any.
std::string Hostile(Random& random) {
  constexpr std::string_view kPieces[] = {
      "\"",     "\\",   "\\N",  "\n", "\r", "\x01", "\x7f", "<",   ">",  "&",         ";",   "#",
      "#quot;", "`",    "]",    "}",  "{",  "|",    "-->",  "]]>", "%%", "--",        "end", "a",
      "沙盒",   "&lt;", "<!--", "=",  "/*", "*/",   "//",   "'",   "$",  "\\\"];x[y", "\t"};
  std::string text;
  for (std::uint64_t left = random.Below(9); left > 0; --left) {
    text += kPieces[random.Below(std::size(kPieces))];
  }
  return text;
}

Graph HostileGraph(Random& random, bool c4) {
  const auto text = [&random] { return Hostile(random); };
  Graph graph{
      .id = text(), .title = {text(), text()}, .layers = {{text(), {text(), ""}}}, .c4 = c4};
  for (int i = 0; i < 3; ++i) {
    graph.nodes.push_back({.id = "n" + std::to_string(i) + text(),
                           .label = {text(), text()},
                           .type = i == 0 ? "person" : text(),
                           .layer = i == 1 ? graph.layers[0].id : "",
                           .description = {text(), ""}});
  }
  graph.edges = {{.from = 0, .to = 1, .relation = text(), .label = {text(), text()}},
                 {.from = 1, .to = 2, .relation = text(), .label = {}}};
  return graph;
}

// `text` without its quoted strings; \ escapes where `backslash` says so. Nothing: one never ends,
// or has a line break in it.
std::optional<std::string> WithoutStrings(std::string_view text, bool backslash) {
  std::string rest;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (inside && text[i] == '\n') return std::nullopt;
    if (inside && backslash && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
      rest += '"';
    } else if (!inside) {
      rest += text[i];
    }
  }
  if (inside) return std::nullopt;
  return rest;
}

// Whatever labels, ids and relations are, the file has the shape of the graph and nothing else.
TEST(ExportTest, HostileTextNeverLeavesItsString) {
  SeededRandom random(20261127);
  for (int i = 0; i < 2000; ++i) {
    const Graph graph = HostileGraph(random, false);
    const auto dot = WithoutStrings(ToDot(graph, Language::kEnglish), true);
    ASSERT_TRUE(dot);
    EXPECT_EQ(std::ranges::count(*dot, '{'), 2) << *dot;
    EXPECT_EQ(std::ranges::count(*dot, '['), 2 + 3 + 2) << *dot;
    EXPECT_EQ(std::ranges::count(*dot, '\n'), 7 + 5 + 3 + 2 + 1) << *dot;
    const auto mermaid = WithoutStrings(ToMermaid(graph, Language::kChinese), false);
    ASSERT_TRUE(mermaid);
    EXPECT_EQ(std::ranges::count(*mermaid, '\n'), 1 + 2 + 3 + 2) << *mermaid;
    EXPECT_EQ(std::ranges::count(*mermaid, '['), 1 + 3) << *mermaid;
    const auto c4 =
        WithoutStrings(ToMermaid(HostileGraph(random, true), Language::kEnglish), false);
    ASSERT_TRUE(c4);
    EXPECT_EQ(std::ranges::count(*c4, '('), 1 + 3 + 2) << *c4;
    EXPECT_EQ(std::ranges::count(*c4, '\n'), 1 + 2 + 3 + 2) << *c4;
    const std::string xml = ToGraphMl(graph);
    EXPECT_EQ(std::ranges::count(xml, '<'),
              2 * (1 + 1 + 3 + 2) + 6 + 1 + 2 * CountOf(xml, "<data "))
        << xml;
    EXPECT_TRUE(Json::accept(ToJsonLd(graph).dump()));
  }
}

}  // namespace
}  // namespace strata::advisor
