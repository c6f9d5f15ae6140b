#include "artifact/unpack/layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/files/tar.h"
#include "base/testing/temp_dir.h"

namespace strata::artifact::unpack {
namespace {

// Unpacks empty files of these names into `dir`/root.
Result<void> Unpack(const testing::TempDir& dir, const std::vector<std::string>& names,
                    std::uint64_t most) {
  std::string tar;
  for (const std::string& name : names) tar += tar::Header({.path = name, .mode = 0644});
  tar += tar::End();
  EXPECT_TRUE(WriteFileAtomic(dir / "tar", tar));
  std::filesystem::create_directory(dir / "root");
  const auto in = OpenFile(dir / "tar", O_RDONLY);
  const auto root = OpenFile(dir / "root", O_RDONLY | O_DIRECTORY);
  EXPECT_TRUE(in && root);
  return UnpackLayer(*in, *root, {.entries = most},
                     [](Below, const std::string&) { return Result<void>{}; });
}

TEST(LayerTest, DirectoriesThatOnlyANameMakesAreCounted) {
  if (::geteuid() != 0) GTEST_SKIP() << "files in layers have owners";
  const testing::TempDir enough;
  const auto made = Unpack(enough, {"a/b/c", "a/b/d"}, 4);
  EXPECT_TRUE(made) << made.error().message;
  EXPECT_TRUE(std::filesystem::exists(enough / "root/a/b/d"));
  const testing::TempDir few;
  const auto refused = Unpack(few, {"a/b/c", "a/b/d"}, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kResourceExhausted);
}

TEST(LayerTest, ANameOfManyDirectoriesMakesNoMoreThanTheLimit) {
  const testing::TempDir dir;
  std::string name = "a";
  for (int depth = 1; depth < 2'000; ++depth) name += "/a";
  const auto refused = Unpack(dir, {name}, 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kResourceExhausted);
  std::size_t directories = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(dir / "root")) {
    directories += each.is_directory() ? 1 : 0;
  }
  EXPECT_LE(directories, 101u);
}

}  // namespace
}  // namespace strata::artifact::unpack
