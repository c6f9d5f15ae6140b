#include "base/files/unique_directory.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata {
namespace {

TEST(UniqueDirectoryTest, EachIsAnotherOneAndOursAlone) {
  const testing::TempDir folder;
  const auto one = MakeUniqueDirectory(folder / "d");
  const auto other = MakeUniqueDirectory(folder / "d");
  ASSERT_TRUE(one && other);
  EXPECT_NE(*one, *other);
  EXPECT_TRUE(one->native().starts_with((folder / "d.").native()));
  EXPECT_EQ(std::filesystem::status(*one).permissions(), std::filesystem::perms::owner_all);
}

TEST(UniqueDirectoryTest, WithoutTheFolderThereIsNone) {
  const testing::TempDir folder;
  EXPECT_EQ(MakeUniqueDirectory(folder / "none/d").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata
