#include "advisor/system.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/graph/export.h"
#include "advisor/report/kinds.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;

Installation Example() {
  return {
      .status = Json::parse(R"({
        "version": "0.1.0", "instance": "abc", "listen": "127.0.0.1:8080", "home": "/state",
        "listener": {"mode": "front"},
        "cells": [{"name": "front-1", "role": "front", "namespace": "", "sandboxes": 0},
                  {"name": "demo-1", "role": "host", "namespace": "demo", "sandboxes": 2}],
        "keepers": [{"name": "k-shop-7-0", "namespace": "shop"},
                    {"name": "k-shop-8-0", "namespace": "shop-of-another"}]})"),
      .resources = {
          Json::parse(R"({"kind": "Function", "metadata": {"namespace": "demo", "name": "hello"},
                          "spec": {"grants": {"http": ["api.example:443"]}},
                          "status": {"class": "wasm", "revision": 3,
                                     "urls": ["http://127.0.0.1:8080/hello"]}})"),
          Json::parse(R"({"kind": "Service", "metadata": {"namespace": "shop", "name": "web"},
                          "spec": {"grants": {"tcp": ["db.example:5432"], "volumes": ["data"]}},
                          "status": {"class": "microvm", "revision": 1, "urls": []}})"),
          Json::parse(R"({"kind": "Route", "metadata": {"namespace": "shop", "name": "split"},
                          "spec": {}, "status": {"urls": ["http://shop/"],
                                     "backends": [{"function": "web", "share": 1}]}})")}};
}

std::set<std::string> EdgesOf(const Graph& graph) {
  std::set<std::string> edges;
  for (const GraphEdge& edge : graph.edges) {
    edges.insert(graph.nodes[edge.from].id + " " + edge.relation + " " + graph.nodes[edge.to].id);
  }
  return edges;
}

TEST(SystemTest, TheContextIsWhoUsesItAndWhatItReaches) {
  EXPECT_EQ(EdgesOf(SystemGraph(Example(), C4Level::kContext)),
            (std::set<std::string>{"clients calls strata", "operator operates strata",
                                   "strata reaches external/api.example:443",
                                   "strata reaches external/db.example:5432"}));
}

TEST(SystemTest, ContainersAreTheProcessesThatRun) {
  EXPECT_EQ(EdgesOf(SystemGraph(Example(), C4Level::kContainer)),
            (std::set<std::string>{
                "operator operates stratad", "stratad keeps state", "stratad manages cell/front-1",
                "stratad manages cell/demo-1", "stratad manages keeper/k-shop-7-0",
                "stratad manages keeper/k-shop-8-0", "clients calls cell/front-1",
                "cell/front-1 hands_on cell/demo-1"}));
  Installation direct = Example();
  direct.status["listener"]["mode"] = "direct";
  direct.status["cells"].erase(0);
  EXPECT_TRUE(
      EdgesOf(SystemGraph(direct, C4Level::kContainer)).contains("clients calls cell/demo-1"));
}

TEST(SystemTest, ComponentsAreWorkloadsWhereTheyRunAndHowTheyAreReached) {
  const Graph graph = SystemGraph(Example(), C4Level::kComponent);
  EXPECT_EQ(EdgesOf(graph),
            (std::set<std::string>{"Function/demo/hello runs_in cell/demo-1",
                                   "Function/demo/hello reaches external/api.example:443",
                                   "Service/shop/web runs_in keeper/k-shop-7-0",
                                   "Service/shop/web reaches external/db.example:5432",
                                   "clients calls route/http://127.0.0.1:8080/hello",
                                   "route/http://127.0.0.1:8080/hello leads_to Function/demo/hello",
                                   "clients calls route/http://shop/",
                                   "route/http://shop/ leads_to Service/shop/web"}));
  EXPECT_EQ(graph.Find("Function/demo/hello")->description.en, "Function, class wasm, revision 3");
  EXPECT_EQ(graph.Find("Function/demo/hello")->layer, "tenant/demo");
}

TEST(SystemTest, EveryTypeHasAChineseWord) {
  for (const C4Level level : {C4Level::kContext, C4Level::kContainer, C4Level::kComponent}) {
    for (const GraphNode& node : SystemGraph(Example(), level).nodes) {
      EXPECT_FALSE(KindText(node.type).zh.empty()) << node.type;
    }
  }
}

TEST(SystemTest, AnAnswerHasAllThreeLevelsAndThePictureOfOne) {
  const GraphAnswer answer = SystemAnswer(Example(), C4Level::kContext);
  EXPECT_EQ(answer.report.sections.size(), 6U);
  EXPECT_EQ(answer.graph.id, "c4_context");
  EXPECT_EQ(ParseC4Level("Component").value(), C4Level::kComponent);
  EXPECT_THAT(ParseC4Level("contianer").error().message, HasSubstr("did you mean 'container'"));
}

TEST(SystemTest, MermaidHasTheWordsOfC4) {
  const std::string text =
      ToMermaid(SystemGraph(Example(), C4Level::kContainer), Language::kEnglish);
  EXPECT_THAT(text, testing::StartsWith("C4Container\n  Boundary(b0, \"Strata\") {\n"));
  EXPECT_THAT(text, HasSubstr("Person(n0, \"Clients\", \"call functions and services at"));
  EXPECT_THAT(text, HasSubstr("ContainerDb(n3, \"state\", \"\", \"SQLite, in /state\")\n"));
  EXPECT_THAT(text, HasSubstr("Rel(n1, n2, \"applies manifests, asks\")\n"));
}

TEST(SystemTest, NothingIsAnInstallationToo) {
  for (const C4Level level : {C4Level::kContext, C4Level::kContainer, C4Level::kComponent}) {
    EXPECT_TRUE(SystemGraph({}, level).Find("clients") != nullptr);
    // What another server may answer breaks nothing.
    EXPECT_TRUE(SystemGraph({.status = Json::parse(R"({"cells": [{}], "listener": "x"})"),
                             .resources = {Json::parse(R"({"kind": 1, "spec": []})")}},
                            level)
                    .Find("clients") != nullptr);
  }
}

}  // namespace
}  // namespace strata::advisor
