#include "sandbox/wasm/scratch.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;

class ScratchTest : public ::testing::Test {
 protected:
  const strata::testing::TempDir root_;
};

TEST_F(ScratchTest, IsPrivateEmptyAndRemovedWithItsContent) {
  {
    auto dir = ScratchDir::Make(root_.path(), "box-1");
    ASSERT_TRUE(dir.has_value()) << dir.error().message;
    EXPECT_TRUE(fs::is_empty(dir->path()));
    EXPECT_EQ(fs::status(dir->path()).permissions(), fs::perms::owner_all);
    fs::create_directories(dir->path() / "a/b");
    std::ofstream(dir->path() / "a/b/file") << "x";
    ScratchDir moved = std::move(*dir);
    EXPECT_TRUE(fs::exists(moved.path()));
  }
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

TEST_F(ScratchTest, RemovalDoesNotFollowLinks) {
  const fs::path outside = root_ / "outside";
  fs::create_directory(outside);
  std::ofstream(outside / "keep") << "x";
  {
    auto dir = ScratchDir::Make(root_.path(), "box-1");
    ASSERT_TRUE(dir.has_value());
    fs::create_directory_symlink(outside, dir->path() / "link");
  }
  EXPECT_TRUE(fs::exists(outside / "keep"));
}

TEST_F(ScratchTest, OneIdCanHaveSeveral) {
  auto first = ScratchDir::Make(root_.path(), "box-1");
  auto second = ScratchDir::Make(root_.path(), "box-1");
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_NE(first->path(), second->path());
}

TEST_F(ScratchTest, AMissingRootIsNotFound) {
  const auto dir = ScratchDir::Make(root_ / "no", "box-1");
  ASSERT_FALSE(dir.has_value());
  EXPECT_EQ(dir.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::sandbox::wasm
