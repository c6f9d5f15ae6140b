// The promise of the store: what was acknowledged is there, whatever happens to the process or the
// disk.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/store.h"
#include "store/testing.h"

namespace strata::store {
namespace {

namespace fs = std::filesystem;
using ::testing::SizeIs;

NewResource Numbered(std::uint64_t number) {
  return FunctionOf("f" + std::to_string(number), "/f" + std::to_string(number));
}

// Applies functions 0, 1, 2, ... and writes each number to `acknowledged` once it is stored.
[[noreturn]] void ApplyForEver(const std::string& folder, int acknowledged) {
  SystemClock clock;
  SystemRandom random;
  auto store = Store::Open(folder, clock, random);
  if (!store) ::_exit(1);
  for (std::uint64_t number = *(*store)->ResourceVersion();; ++number) {
    const std::vector<NewResource> resources = {Numbered(number)};
    if (!(*store)->Apply(resources)) ::_exit(2);
    if (::write(acknowledged, &number, sizeof(number)) != sizeof(number)) ::_exit(3);
  }
}

// Runs ApplyForEver in a child, kills it after `count` acknowledgements and returns the last one.
std::uint64_t KillAfter(const std::string& folder, int count) {
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    ApplyForEver(folder, pipe_ends[1]);
  }
  ::close(pipe_ends[1]);
  std::uint64_t last = 0;
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(::read(pipe_ends[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  // What the child acknowledged between the last read and its death counts, too.
  std::uint64_t more = 0;
  while (::read(pipe_ends[0], &more, sizeof(more)) == static_cast<ssize_t>(sizeof(more))) {
    last = more;
  }
  ::close(pipe_ends[0]);
  return last;
}

TEST(StoreCrashTest, EverythingAcknowledgedSurvivesKill9) {
  testing::TempDir folder;
  SystemClock clock;
  SystemRandom random;
  for (const int count : {1, 7, 20, 3, 50}) {
    const std::uint64_t last = KillAfter(folder.path(), count);
    auto store = Store::Open(folder.path(), clock, random);
    ASSERT_TRUE(store) << store.error().message;
    for (std::uint64_t number = 0; number <= last; ++number) {
      ASSERT_TRUE((*store)->Get(Numbered(number).resource.key())) << number << " of " << last;
    }
    // One more may have been stored and not acknowledged; nothing may be there in part.
    const std::uint64_t version = *(*store)->ResourceVersion();
    EXPECT_GE(version, last + 1);
    EXPECT_LE(version, last + 2);
    EXPECT_THAT(*(*store)->List(), SizeIs(version));
    EXPECT_THAT(*(*store)->Routes(), SizeIs(version));
    EXPECT_THAT(*(*store)->CurrentRevisions(), SizeIs(version));
  }
}

// Applies until it fails and checks what then still works. Returns how many were applied.
std::uint64_t FillUp(Store& store) {
  std::uint64_t applied = 0;
  while (applied < 100'000) {
    const std::vector<NewResource> resources = {Numbered(applied)};
    const auto done = store.Apply(resources);
    if (!done) {
      EXPECT_EQ(done.error().code, Errc::kResourceExhausted) << done.error().message;
      break;
    }
    ++applied;
  }
  EXPECT_EQ(*store.ResourceVersion(), applied);
  EXPECT_THAT(*store.List(), SizeIs(applied));
  EXPECT_FALSE(store.Get(Numbered(applied).resource.key()));
  return applied;
}

// Needs no rights: the kernel refuses to let any file of the process grow beyond the limit.
TEST(StoreCrashTest, AFileSizeLimitIsReportedAndStillRead) {
  testing::TempDir folder;
  ManualClock clock;
  SeededRandom random(1);
  auto store = Store::Open(folder.path(), clock, random);
  ASSERT_TRUE(store);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);  // write() fails instead
  const rlimit small = {512 << 10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::uint64_t applied = FillUp(**store);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_GT(applied, 0U);
  const std::vector<NewResource> resources = {Numbered(applied)};
  EXPECT_TRUE((*store)->Apply(resources));
}

TEST(StoreCrashTest, AFullDiskIsReportedAndStillRead) {
  testing::TempDir folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small tmpfs";
  }
  ManualClock clock;
  SeededRandom random(1);
  {
    auto store = Store::Open(folder.path(), clock, random);
    ASSERT_TRUE(store) << store.error().message;
    const std::uint64_t applied = FillUp(**store);
    EXPECT_GT(applied, 0U);
    // Room again: the same store goes on, and nothing was lost or stored twice.
    ASSERT_EQ(::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
    const std::vector<NewResource> resources = {Numbered(applied)};
    const auto done = (*store)->Apply(resources);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*(*store)->ResourceVersion(), applied + 1);
  }
  EXPECT_TRUE(Store::Open(folder.path(), clock, random));
  EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace strata::store
