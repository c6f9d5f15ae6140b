#include "advisor/graph/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

using testing::HasSubstr;
using testing::Not;

Graph Two() {
  Graph graph;
  graph.nodes = {{.id = "a", .label = {"a \"quoted\" name", "甲"}},
                 {.id = "b", .label = {"b", "很长很长很长的中文名称"}}};
  graph.edges = {{.from = 0, .to = 1, .relation = "has"}};
  return graph;
}

TEST(LayoutTest, WhatIsAskedHasNoWordsAndBoxesForTheWiderLanguage) {
  const std::string dot = LayoutRequest(Two());
  EXPECT_THAT(dot, HasSubstr("n0 -> n1;"));
  EXPECT_THAT(dot, Not(HasSubstr("quoted")));
  EXPECT_THAT(dot, HasSubstr("n0 [width=1.458"));  // 15 columns
  EXPECT_THAT(dot, HasSubstr("n1 [width=2.061"));  // 22 columns
}

TEST(LayoutTest, PlacesAreReadInPixelsFromTheTop) {
  const auto layout = ReadLayout(Two(),
                                 "graph 1 4 2\n"
                                 "node n1 3 0.5 2 0.25 \"\" solid box black lightgrey\n"
                                 "node n0 1 1.5 1 0.25 \"\" solid box black lightgrey\n"
                                 "edge n0 n1 4 1 1 2 2 solid black\nstop\n");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->width, 288);
  EXPECT_EQ(layout->height, 144);
  EXPECT_EQ(layout->nodes[0].y, 36);
  EXPECT_EQ(layout->nodes[1].x, 216);
  EXPECT_EQ(layout->nodes[1].y, 108);
  EXPECT_EQ(layout->nodes[1].width, 144);
}

TEST(LayoutTest, AnAnswerToSomethingElseIsRefused) {
  for (const char* plain :
       {"", "graph 1 4 2\nnode n0 1 1 1 1\n", "graph 1 4 2\nnode n0 1 1 1 1\nnode n2 1 1 1 1\n",
        "graph 1 4 2\nnode n0 1 1 1 1\nnode nx 1 1 1 1\n", "<svg></svg>"}) {
    const auto layout = ReadLayout(Two(), plain);
    ASSERT_FALSE(layout) << plain;
    EXPECT_EQ(layout.error().code, Errc::kInternal);
  }
}

}  // namespace
}  // namespace strata::advisor
