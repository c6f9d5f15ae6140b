#include "base/files/directory.h"

#include <fcntl.h>

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata {
namespace {

using Names = std::vector<std::string>;

TEST(DirectoryTest, NamesAreSortedAndMayBeReadAgain) {
  const testing::TempDir dir;
  for (const char* name : {"b", "a", ".hidden"}) {
    ASSERT_TRUE(std::filesystem::create_directory(dir / name));
  }
  const Names all = {".hidden", "a", "b"};
  EXPECT_EQ(NamesIn(dir.path()).value_or(Names{}), all);
  const auto opened = OpenFile(dir.path(), O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(opened);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(NamesIn(*opened, "it").value_or(Names{}), all);
}

TEST(DirectoryTest, WhatIsNoDirectoryIsAnErrorWithItsPath) {
  const testing::TempDir dir;
  ASSERT_TRUE(WriteFileAtomic(dir / "file", "x"));
  for (const char* name : {"file", "absent"}) {
    const auto names = NamesIn(dir / name);
    ASSERT_FALSE(names);
    EXPECT_NE(names.error().message.find(name), std::string::npos) << names.error().message;
  }
}

}  // namespace
}  // namespace strata
