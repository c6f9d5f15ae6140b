#include "base/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  std::size_t EntryCount() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_.path()), {}));
  }

  const testing::TempDir root_;
};

TEST_F(FilesTest, WritesAndReadsBackAnyBytes) {
  const std::string content("a\0b\xff\n", 5);
  ASSERT_TRUE(WriteFileAtomic(root_ / "f", content, 0640));
  auto read = ReadFile(root_ / "f", 1_KiB);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, content);
  struct stat status = {};
  ASSERT_EQ(::stat((root_ / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(FilesTest, ReplacingLeavesOneFileAndNoTemporary) {
  ASSERT_TRUE(WriteFileAtomic(root_ / "f", "old"));
  ASSERT_TRUE(WriteFileAtomic(root_ / "f", "new"));
  EXPECT_EQ(*ReadFile(root_ / "f", 1_KiB), "new");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(FilesTest, AFailedReplacementChangesNothingAndCleansUp) {
  ASSERT_EQ(::mkdir((root_ / "d").c_str(), 0700), 0);  // a directory cannot be replaced by a file
  const auto done = WriteFileAtomic(root_ / "d", "new");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kFailedPrecondition) << done.error().message;
  EXPECT_TRUE(fs::is_directory(root_ / "d"));
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(FilesTest, ReadStopsAtTheLimit) {
  ASSERT_TRUE(WriteFileAtomic(root_ / "f", std::string(100, 'x')));
  EXPECT_TRUE(ReadFile(root_ / "f", Bytes{100}));
  const auto read = ReadFile(root_ / "f", Bytes{99});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kResourceExhausted);
}

TEST_F(FilesTest, ReadsFilesThatDoNotSayTheirSize) {
  const auto read = ReadFile("/proc/self/stat", 4_KiB);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->starts_with(std::to_string(::getpid()) + " "));
}

TEST_F(FilesTest, RefusesWhatIsNoRegularFileWithoutWaiting) {
  ASSERT_EQ(::mkfifo((root_ / "fifo").c_str(), 0600), 0);
  for (const fs::path& path : {root_ / "fifo", root_.path(), fs::path("/dev/zero")}) {
    const auto read = ReadFile(path, 1_KiB);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().code, Errc::kInvalidArgument) << read.error().message;
  }
}

TEST_F(FilesTest, AMissingFileIsNotFoundAndNamed) {
  const auto read = ReadFile(root_ / "nowhere", 1_KiB);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kNotFound);
  EXPECT_NE(read.error().message.find("nowhere"), std::string::npos);
}

TEST_F(FilesTest, AFullDeviceIsResourceExhausted) {
  auto full = OpenFile("/dev/full", O_WRONLY);
  ASSERT_TRUE(full);
  const auto done = WriteAll(full->get(), "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kResourceExhausted);
}

TEST_F(FilesTest, MakesMissingParentsAndAcceptsExistingOnes) {
  ASSERT_TRUE(MakeDirectories(root_ / "a/b/c"));
  ASSERT_TRUE(MakeDirectories(root_ / "a/b/c"));
  EXPECT_TRUE(fs::is_directory(root_ / "a/b/c"));
  ASSERT_TRUE(WriteFileAtomic(root_ / "file", ""));
  const auto done = MakeDirectories(root_ / "file/x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kFailedPrecondition) << done.error().message;
}

}  // namespace
}  // namespace strata
