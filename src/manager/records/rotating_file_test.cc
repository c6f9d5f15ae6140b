#include "manager/records/rotating_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

class RotatingFileTest : public ::testing::Test {
 protected:
  RotatingFile OpenSmall() {
    auto file = RotatingFile::Open(dir_ / "log", 16_B);
    EXPECT_TRUE(file.has_value());
    return std::move(*file);
  }

  const testing::TempDir dir_;
};

TEST_F(RotatingFileTest, ReadsWholeLinesFromAnOffset) {
  auto file = OpenSmall();
  file.Append("one\ntwo\n");
  auto chunk = file.Read(4, 1_KiB);
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->text, "two\n");
  EXPECT_EQ(chunk->next, 8U);
  chunk = file.Read(0, 6_B);
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->text, "one\n") << "half a line is not handed out";
}

TEST_F(RotatingFileTest, OffsetsGoOnOverARotation) {
  auto file = OpenSmall();
  file.Append("0123456789\n");
  file.Append("abcdefghij\n");  // does not fit: the first line moves to log.1
  EXPECT_TRUE(fs::exists(dir_ / "log.1"));
  EXPECT_EQ(file.end(), 22U);
  auto chunk = file.Read(0, 1_KiB);  // fell behind: the oldest that is still here
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->text, "abcdefghij\n");
  EXPECT_EQ(chunk->next, 22U);
}

TEST_F(RotatingFileTest, AFileThatIsFullIsDroppedWholeAndGoesOnLater) {
  auto file = OpenSmall();
  EXPECT_EQ(file.Append("0123456789\n"), 0U);
  // A rotation that can move the old file but make no new one.
  fs::create_directory(dir_ / "log.1");
  EXPECT_EQ(file.Append("abcdefghij\n"), 11U);
  fs::remove(dir_ / "log.1");
  fs::remove(dir_ / "log");
  EXPECT_EQ(file.Append("ABCDEFGHIJ\n"), 0U);
  const auto chunk = file.Read(0, 1_KiB);
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->text, "ABCDEFGHIJ\n");
}

TEST_F(RotatingFileTest, TailCountsLinesFromTheEnd) {
  auto file = OpenSmall();
  file.Append("a\nb\nc\n");
  EXPECT_EQ(*file.TailOffset(0), 6U);
  EXPECT_EQ(*file.TailOffset(1), 4U);
  EXPECT_EQ(*file.TailOffset(2), 2U);
  EXPECT_EQ(*file.TailOffset(9), 0U);
}

}  // namespace
}  // namespace strata::manager
