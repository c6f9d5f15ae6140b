#include "host/files/detached_mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/files/loop_device.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr Identity kOwner{1'900'000'001, 1'900'000'001};

class DetachedMountTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !fs::exists("/dev/loop-control")) {
      GTEST_SKIP() << "needs root and loop devices";
    }
  }

  fs::path Volume() const {
    const fs::path image = folder_ / "volume.img";
    std::ofstream(image).close();
    fs::resize_file(image, Bytes::MiB(8).count);
    const auto made =
        RunToEnd({.program = "/usr/sbin/mkfs.ext4", .arguments = {"-q", "-F", "-m", "0", image}},
                 std::chrono::seconds(20), 64_KiB);
    EXPECT_TRUE(made && made->status.success());
    return image;
  }

  static fs::path At(const Fd& mount, const std::string& name = "") {
    return "/proc/self/fd/" + std::to_string(mount.get()) + "/" + name;
  }

  // The errno of writing `size` bytes to a new file; 0: it could.
  static int Write(const Fd& mount, const std::string& name, std::size_t size) {
    const Fd file(::openat(mount.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid()) return errno;
    const std::string part(std::size_t{1} << 16, 'x');
    for (std::size_t done = 0; done < size; done += part.size()) {
      if (::write(file.get(), part.data(), part.size()) < 0) return errno;
    }
    return 0;
  }

  const strata::testing::TempDir folder_;
};

TEST_F(DetachedMountTest, ATmpfsIsItsOwnersAndHasItsSize) {
  const auto mount = MountTmpfs(1_MiB, 4, kOwner);
  ASSERT_TRUE(mount) << mount.error().message;
  struct stat root = {};
  ASSERT_EQ(::stat(At(*mount).c_str(), &root), 0);
  EXPECT_EQ(root.st_uid, kOwner.uid);
  EXPECT_EQ(root.st_gid, kOwner.gid);
  EXPECT_EQ(root.st_mode & 07777U, 0700U);
  EXPECT_EQ(Write(*mount, "small", 1 << 16), 0);
  EXPECT_EQ(Write(*mount, "large", 1 << 20), ENOSPC);
  EXPECT_EQ(Write(*mount, "third", 0), 0);
  EXPECT_EQ(Write(*mount, "too-many", 0), ENOSPC);  // the root is one of the four
}

TEST_F(DetachedMountTest, NobodyElseSeesIt) {
  const auto mounts = [] { return ReadFile("/proc/self/mountinfo", 4_MiB).value_or("none"); };
  const std::string before = mounts();
  const auto tmpfs = MountTmpfs(1_MiB, 16, kOwner);
  const auto volume = MountVolume(Volume(), VolumeAccess::kWrite, nullptr);
  ASSERT_TRUE(tmpfs && volume) << volume.error().message;
  EXPECT_EQ(mounts(), before);
}

TEST_F(DetachedMountTest, AllWhoMountAVolumeShareItAndEachHasItsAccess) {
  const fs::path image = Volume();
  const auto first = MountVolume(image, VolumeAccess::kWrite, nullptr);
  const auto reads = MountVolume(image, VolumeAccess::kReadOnly, nullptr);
  ASSERT_TRUE(first && reads) << reads.error().message;
  EXPECT_EQ(Write(*first, "new", 1 << 16), 0);
  EXPECT_TRUE(fs::exists(At(*reads, "new")));
  EXPECT_EQ(Write(*reads, "more", 0), EROFS);
  EXPECT_EQ(Write(*first, "more", 0), 0);
}

TEST_F(DetachedMountTest, AMappedVolumeBelongsToItsUserAndOnDiskToRoot) {
  const auto users = UserNamespace::Make(kOwner.uid);
  ASSERT_TRUE(users) << users.error().message;
  const fs::path image = Volume();
  const auto mapped = MountVolume(image, VolumeAccess::kWrite, &*users);
  const auto plain = MountVolume(image, VolumeAccess::kWrite, nullptr);
  ASSERT_TRUE(mapped && plain) << mapped.error().message;
  EXPECT_EQ(Write(*plain, "roots", 0), 0);
  struct stat file = {};
  ASSERT_EQ(::stat(At(*mapped, "roots").c_str(), &file), 0);
  EXPECT_EQ(file.st_uid, kOwner.uid);
}

TEST_F(DetachedMountTest, TheLastDescriptorUnmountsAVolume) {
  const fs::path image = Volume();
  auto mount = MountVolume(image, VolumeAccess::kWrite, nullptr);
  ASSERT_TRUE(mount) << mount.error().message;
  auto passed = DuplicateFd(*mount);
  mount->Reset();
  EXPECT_EQ(OpenAsDrive(image, DriveAccess::kWrite).error().code, Errc::kFailedPrecondition);
  passed->Reset();
  // The kernel clears the device after the last close, not always before close returns.
  Result<Fd> alone = OpenAsDrive(image, DriveAccess::kWrite);
  for (int tries = 0; tries < 2000 && !alone; ++tries) {
    ::usleep(1000);
    alone = OpenAsDrive(image, DriveAccess::kWrite);
  }
  EXPECT_TRUE(alone) << alone.error().message;
}

TEST_F(DetachedMountTest, WhatAMachineHasIsNotMounted) {
  const fs::path image = Volume();
  auto drive = OpenAsDrive(image, DriveAccess::kReadOnly);
  ASSERT_TRUE(drive) << drive.error().message;
  EXPECT_EQ(MountVolume(image, VolumeAccess::kReadOnly, nullptr).error().code,
            Errc::kFailedPrecondition);
  drive->Reset();
  EXPECT_TRUE(MountVolume(image, VolumeAccess::kReadOnly, nullptr));
}

}  // namespace
}  // namespace strata::host
