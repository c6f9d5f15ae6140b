#include "sandbox/microvm/machine/disk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "sandbox/worker.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr TreeSize kMost{.bytes = 1_MiB, .files = 100};

class DiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts need root";
    ASSERT_TRUE(MakeDirectories(here_, 0755));
    ASSERT_TRUE(WriteFileAtomic(here_ / "file", "words"));
  }

  Tree Open(const fs::path& path) {
    auto tree = OpenTree("tree", path);
    EXPECT_TRUE(tree) << tree.error().message;
    return std::move(*tree);
  }

  static Errc Refusal(const Result<TreeSize>& size) {
    return size ? Errc::kInternal : size.error().code;
  }

  const strata::testing::TempDir folder_;
  const fs::path here_ = folder_ / "here";
};

TEST_F(DiskTest, WhatIsMeasuredIsWhatWasOpened) {
  const Tree tree = Open(here_);
  fs::rename(here_, folder_ / "there");
  ASSERT_TRUE(MakeDirectories(here_, 0755));
  ASSERT_TRUE(WriteFileAtomic(here_ / "large", std::string(2 << 20, 'x')));
  const auto size = MeasureTree(tree, kMost);
  ASSERT_TRUE(size) << size.error().message;
  EXPECT_EQ(size->files, 1U);
  EXPECT_EQ(Refusal(MeasureTree(Open(here_), kMost)), Errc::kUnsupported);
}

TEST_F(DiskTest, MoreThanThatAndWhatIsNoFileIsRefused) {
  EXPECT_TRUE(MeasureTree(Open(here_), kMost));
  EXPECT_EQ(Refusal(MeasureTree(Open(here_), {.bytes = 1_MiB, .files = 0})), Errc::kUnsupported);
  ASSERT_EQ(::truncate((here_ / "file").c_str(), 1L << 40), 0);  // a hole is as large on the disk
  EXPECT_EQ(Refusal(MeasureTree(Open(here_), kMost)), Errc::kUnsupported);
  EXPECT_EQ(Refusal(MeasureTree(Open(here_ / "file"), kMost)), Errc::kUnsupported);
  ASSERT_TRUE(WriteFileAtomic(here_ / "file", ""));
  ASSERT_EQ(::mkfifo((here_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(MeasureTree(Open(here_), kMost)), Errc::kUnsupported);
  EXPECT_EQ(Refusal(MeasureTree(Open(here_ / "fifo"), kMost)), Errc::kUnsupported);
}

TEST_F(DiskTest, ALinkIsFollowedToWhatIsCopied) {
  fs::create_symlink(here_ / "file", folder_ / "link");
  const Tree tree = Open(folder_ / "link");
  EXPECT_FALSE(tree.directory);
  const auto size = MeasureTree(tree, kMost);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->bytes, Bytes{5});
}

TEST_F(DiskTest, ADiskHasNoNameAndCannotBeWritten) {
  Config config{.state_root = (folder_ / "disks").string()};
  if (::access(config.mkfs.c_str(), X_OK) != 0) GTEST_SKIP() << "no mkfs.erofs";
  auto worker = Worker::Start();
  ASSERT_TRUE(worker) << worker.error().message;
  auto disk = (*worker)->RunBlocking(std::move_only_function<Result<Fd>()>([&]() -> Result<Fd> {
    std::vector<Tree> trees;
    trees.push_back(Open(here_));
    return MakeDisk(config, trees, "m-test");
  }));
  ASSERT_TRUE(disk) << disk.error().message;
  EXPECT_TRUE(fs::is_empty(folder_ / "disks"));
  struct stat status{};
  ASSERT_EQ(::fstat(disk->get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 0U);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  EXPECT_GT(status.st_size, 0);
  std::array<char, 1> byte{};
  EXPECT_EQ(::pwrite(disk->get(), byte.data(), byte.size(), 0), -1);
}

}  // namespace
}  // namespace strata::sandbox::microvm
