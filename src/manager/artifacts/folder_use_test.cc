#include "manager/artifacts/folder_use.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

class FolderUseTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "folder-use";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "a" / "b");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Write(const fs::path& name, std::size_t size) {
    std::ofstream(folder_ / name) << std::string(size, 'x');
  }

  fs::path folder_;
  const FolderUse most_{.bytes = Bytes::MiB(64), .files = 100};
};

TEST_F(FolderUseTest, CountsWhatLiesBelow) {
  Write("a/one", 100'000);
  Write("a/b/two", 100'000);
  const FolderUse use = MeasureFolder(folder_, most_);
  EXPECT_EQ(use.files, 4U);  // folders, too
  EXPECT_GE(use.bytes.count, 200'000U);
  EXPECT_LT(use.bytes.count, 300'000U);
}

TEST_F(FolderUseTest, FollowsNoLink) {
  fs::create_directory_symlink("/usr", folder_ / "link");
  EXPECT_EQ(MeasureFolder(folder_, most_).files, 3U);
}

TEST_F(FolderUseTest, StopsWhenItIsTooMuch) {
  for (int i = 0; i < 20; ++i) Write(std::to_string(i), 1);
  EXPECT_EQ(MeasureFolder(folder_, {.bytes = Bytes::MiB(64), .files = 5}).files, 6U);
}

TEST_F(FolderUseTest, OfNothingIsNothing) {
  EXPECT_EQ(MeasureFolder(folder_ / "absent", most_).files, 0U);
}

}  // namespace
}  // namespace strata::manager
