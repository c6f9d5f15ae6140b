// Needs root, and a kernel that can.
#include "host/confine/user_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "host/confine/netns.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kFirst = 1'879'048'192;

class UserNamespaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto made = UserNamespace::Make(kFirst);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    users_.emplace(std::move(*made));
  }
  std::optional<UserNamespace> users_;
};

TEST_F(UserNamespaceTest, MakingOneLeavesNoProcess) {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// A child of one thread that kept what another's had open would wait for that one, and the other
// way round.
TEST_F(UserNamespaceTest, ManyAreMadeAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 8;
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&made] {
        for (int j = 0; j < kEach; ++j) made += UserNamespace::Make(kFirst).has_value() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(made, kThreads * kEach);
}

TEST_F(UserNamespaceTest, AMappedMountShowsOtherOwnersAndChangesNone) {
  const strata::testing::TempDir root;
  fs::create_directories(root / "source/below");
  fs::create_directory(root / "target");
  const auto mount = users_->Map(root / "source");
  if (!mount && mount.error().code == Errc::kUnsupported) GTEST_SKIP() << mount.error().message;
  ASSERT_TRUE(mount.has_value()) << mount.error().message;
  const pid_t child = ::fork();
  if (child == 0) {
    struct stat found = {};
    const bool private_mounts = ::unshare(CLONE_NEWNS) == 0 &&
                                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    const bool shown = private_mounts && AttachMount(*mount, root / "target").has_value() &&
                       ::stat((root / "target/below").c_str(), &found) == 0 &&
                       found.st_uid == kFirst && found.st_gid == kFirst;
    ::_exit(shown ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  struct stat found = {};
  ASSERT_EQ(::stat((root / "source/below").c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 0U);
}

TEST_F(UserNamespaceTest, WhoMayNotMapUsersIsToldThatItCannot) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool nobody = ::setresuid(kFirst, kFirst, kFirst) == 0;
    const auto made = UserNamespace::Make(kFirst);
    ::_exit(nobody && !made && made.error().code == Errc::kUnsupported ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(UserNamespaceTest, WhatRunsOutForAMomentIsNotACannot) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto made = UserNamespace::Make(kFirst);
  const auto mapped = users_->Map("/");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(made.error().code, Errc::kResourceExhausted);
  EXPECT_EQ(mapped.error().code, Errc::kResourceExhausted);
}

TEST_F(UserNamespaceTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(users_->Map("/nonexistent").error().code, Errc::kNotFound);
}

TEST_F(UserNamespaceTest, AFileSystemThatCannotBeMappedIsUnsupported) {
  EXPECT_EQ(users_->Map("/proc").error().code, Errc::kUnsupported);
}

TEST_F(UserNamespaceTest, ItOwnsTheNetworkThatIsMadeForIt) {
  const auto network = MakeNetwork(&*users_);
  ASSERT_TRUE(network.has_value()) << network.error().message;
  const Fd owner(::ioctl(network->get(), NS_GET_USERNS));
  ASSERT_TRUE(owner.valid());
  struct stat theirs = {};
  struct stat ours = {};
  ASSERT_EQ(::fstat(owner.get(), &theirs), 0);
  ASSERT_EQ(::stat(users_->path().c_str(), &ours), 0);
  EXPECT_EQ(theirs.st_ino, ours.st_ino);
}

}  // namespace
}  // namespace strata::host
