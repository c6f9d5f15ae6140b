#include "inventory/programs.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::inventory {
namespace {

namespace fs = std::filesystem;

// A PATH with nothing on it but what a test puts there.
class ProgramsTest : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("PATH", folder_.path().c_str(), 1); }

  void Install(const std::string& name, const std::string& script) {
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }

  testing::TempDir folder_;
};

TEST_F(ProgramsTest, WhatIsOnThePathIsFoundAndNothingElse) {
  Install("runc", "");
  std::ofstream(folder_ / "opa") << "no program";
  EXPECT_EQ(FindInstalled("runc"), folder_ / "runc");
  EXPECT_FALSE(FindInstalled("opa"));
  ::setenv("PATH", "relative::", 1);
  EXPECT_FALSE(FindInstalled("runc"));
}

TEST_F(ProgramsTest, EachSaysItsVersionInOneLine) {
  Install("runc", "echo \"runc version 9.8.7 $1\"; echo more");
  Install("opa", "exit 1");
  const auto found = FindVersions();
  EXPECT_EQ(found.at("runc"), "runc version 9.8.7 --version");
  EXPECT_EQ(found.at("OPA"), "no answer");
  EXPECT_FALSE(found.contains("K3s"));
  EXPECT_FALSE(found.at("eBPF").empty()) << "the kernel's release";
}

TEST_F(ProgramsTest, WhatNeverAnswersIsNotWaitedFor) {
  Install("runc", "while :; do :; done");
  EXPECT_EQ(FindVersions().at("runc"), "no answer");
}

}  // namespace
}  // namespace strata::inventory
