#include "advisor/graph/export.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

using testing::HasSubstr;

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
            "  subgraph top[\"top layer\"]\n"
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

}  // namespace
}  // namespace strata::advisor
