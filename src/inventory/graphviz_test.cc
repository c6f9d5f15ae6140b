#include "inventory/graphviz.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::inventory {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A `dot` of the test's own: the real one is tested where its pictures are (tests/e2e).
class GraphvizTest : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("PATH", root_.path().c_str(), 1); }
  void Install(const std::string& script) {
    std::ofstream(root_ / "dot") << "#!/bin/sh\n" << script << "\n";
    fs::permissions(root_ / "dot", fs::perms::owner_all);
  }

  testing::TempDir root_;
};

TEST_F(GraphvizTest, WithoutTheProgramItIsRefusedWithWhatToDo) {
  EXPECT_FALSE(HasGraphviz());
  const auto refused = DrawWithGraphviz("digraph {}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("package graphviz"));
}

TEST_F(GraphvizTest, TheProgramIsGivenTheGraphAndSaysThePicture) {
  Install(R"(read -r graph; echo "<svg>$1 $graph</svg>")");
  EXPECT_TRUE(HasGraphviz());
  EXPECT_EQ(DrawWithGraphviz("digraph {}\n").value(), "<svg>-Tsvg digraph {}</svg>\n");
  EXPECT_EQ(LayOutWithGraphviz("digraph {}\n").value(), "<svg>-Tplain digraph {}</svg>\n");
}

TEST_F(GraphvizTest, WhatTheProgramComplainsOfIsTold) {
  Install("echo 'syntax error' >&2; exit 1");
  const auto failed = DrawWithGraphviz("x");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("dot: syntax error"));
}

}  // namespace
}  // namespace strata::inventory
