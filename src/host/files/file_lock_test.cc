#include "host/files/file_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <latch>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

using std::chrono::milliseconds;

class FileLockTest : public ::testing::Test {
 protected:
  FileLockTest() { folder_ = ::mkdtemp(name_); }
  ~FileLockTest() override { std::filesystem::remove_all(folder_); }

  char name_[32] = "/tmp/strata-lock.XXXXXX";
  std::filesystem::path folder_;
};

TEST_F(FileLockTest, OneHolderAtATime) {
  auto first = LockFile(folder_ / "lock");
  ASSERT_TRUE(first) << first.error().message;
  auto second = LockFile(folder_ / "lock", milliseconds(0));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
  first->Reset();
  EXPECT_TRUE(LockFile(folder_ / "lock", milliseconds(0)));
}

TEST_F(FileLockTest, WaitsForAHolderThatIsAboutToLetGo) {
  auto held = LockFile(folder_ / "lock");
  ASSERT_TRUE(held);
  std::latch waiting(1);
  std::thread holder([&] {
    waiting.wait();
    held->Reset();
  });
  waiting.count_down();
  EXPECT_TRUE(LockFile(folder_ / "lock", milliseconds(60'000)));
  holder.join();
}

TEST_F(FileLockTest, IsPrivateAndFollowsNoLink) {
  ASSERT_TRUE(LockFile(folder_ / "lock"));
  struct stat status = {};
  ASSERT_EQ(::stat((folder_ / "lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  std::filesystem::create_symlink(folder_ / "lock", folder_ / "link");
  EXPECT_FALSE(LockFile(folder_ / "link"));
}

}  // namespace
}  // namespace strata::host
