#include "sandbox/wasm/directories.h"

#include <fcntl.h>

#include <fstream>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;
using Mode = model::DirGrant::Mode;

constexpr Bytes kUnbounded{};

class DirectoriesTest : public ::testing::Test {
 protected:
  // A directory in the place of a file system.
  Fd Mount(const std::string& name) const {
    fs::create_directory(mounts_ / name);
    return OpenFile(mounts_ / name, O_PATH | O_DIRECTORY).value();
  }

  const strata::testing::TempDir root_;
  const strata::testing::TempDir mounts_;
  Directories directories_{root_.path()};
};

TEST_F(DirectoriesTest, AnUnboundedOneIsPrivateEmptyAndRemovedWithItsContent) {
  {
    auto dir = directories_.TakeScratch(kUnbounded, "box-1");
    ASSERT_TRUE(dir.has_value()) << dir.error().message;
    EXPECT_TRUE(fs::is_empty(dir->path()));
    EXPECT_EQ(fs::status(dir->path()).permissions(), fs::perms::owner_all);
    fs::create_directories(dir->path() / "a/b");
    std::ofstream(dir->path() / "a/b/file") << "x";
    const Scratch moved = std::move(*dir);
    EXPECT_TRUE(fs::exists(moved.path()));
  }
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

TEST_F(DirectoriesTest, OneSandboxCanHaveSeveral) {
  const auto first = directories_.TakeScratch(kUnbounded, "box-1");
  const auto second = directories_.TakeScratch(kUnbounded, "box-1");
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_NE(first->path(), second->path());
}

TEST_F(DirectoriesTest, AMissingRootIsNotFound) {
  Directories nowhere(root_ / "no");
  EXPECT_EQ(nowhere.TakeScratch(kUnbounded, "box-1").error().code, Errc::kNotFound);
}

TEST_F(DirectoriesTest, APlaceOfASizeIsOneSandboxesAndThenEmptyForTheNext) {
  directories_.AddScratch(1_MiB, Mount("one"));
  EXPECT_TRUE(directories_.CheckScratch(1_MiB));
  {
    const auto dir = directories_.TakeScratch(1_MiB, "box-1");
    ASSERT_TRUE(dir.has_value()) << dir.error().message;
    fs::create_directories(dir->path() / "a/b");
    std::ofstream(dir->path() / "a/b/file") << "x";
    EXPECT_TRUE(fs::exists(mounts_ / "one/a/b/file"));
    EXPECT_EQ(directories_.TakeScratch(1_MiB, "box-2").error().code, Errc::kResourceExhausted);
  }
  EXPECT_TRUE(fs::is_empty(mounts_ / "one"));
  EXPECT_TRUE(directories_.TakeScratch(1_MiB, "box-2"));
}

TEST_F(DirectoriesTest, APlaceThatCannotBeEmptiedIsNotUsedAgain) {
  directories_.AddScratch(1_MiB, Fd());  // no directory
  EXPECT_TRUE(directories_.TakeScratch(1_MiB, "box-1"));
  EXPECT_EQ(directories_.TakeScratch(1_MiB, "box-2").error().code, Errc::kResourceExhausted);
}

TEST_F(DirectoriesTest, EmptyingDoesNotFollowLinks) {
  directories_.AddScratch(1_MiB, Mount("one"));
  fs::create_directory(mounts_ / "outside");
  std::ofstream(mounts_ / "outside/keep") << "x";
  {
    const auto dir = directories_.TakeScratch(1_MiB, "box-1");
    ASSERT_TRUE(dir.has_value());
    fs::create_directory_symlink(mounts_ / "outside", dir->path() / "link");
  }
  EXPECT_TRUE(fs::is_empty(mounts_ / "one"));
  EXPECT_TRUE(fs::exists(mounts_ / "outside/keep"));
}

TEST_F(DirectoriesTest, ASizeThatWasNotGivenIsUnsupported) {
  directories_.AddScratch(1_MiB, Mount("one"));
  EXPECT_EQ(directories_.CheckScratch(2_MiB).error().code, Errc::kUnsupported);
  EXPECT_EQ(Directories().CheckScratch(kUnbounded).error().code, Errc::kUnsupported);
}

TEST_F(DirectoriesTest, AVolumeIsShownAsItWasGiven) {
  directories_.AddVolume("/v/db.img", Mode::kVolume, Mount("db"));
  directories_.AddVolume("/v/gone.img", Mode::kVolume, Fd());
  const auto place = directories_.VolumeOf({.host = "/v/db.img", .mode = Mode::kVolume});
  ASSERT_TRUE(place.has_value()) << place.error().message;
  EXPECT_TRUE(fs::equivalent(*place, mounts_ / "db"));
  const auto code = [this](const char* image, Mode mode) {
    return directories_.VolumeOf({.host = image, .mode = mode}).error().code;
  };
  EXPECT_EQ(code("/v/db.img", Mode::kVolumeReadOnly), Errc::kUnsupported);
  EXPECT_EQ(code("/v/other.img", Mode::kVolume), Errc::kUnsupported);
  EXPECT_EQ(code("/v/gone.img", Mode::kVolume), Errc::kUnavailable);
}

}  // namespace
}  // namespace strata::sandbox::wasm
