#include "host/files/loop_device.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/files/files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

class LoopDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !fs::exists("/dev/loop-control")) {
      GTEST_SKIP() << "needs root and loop devices";
    }
    folder_ = fs::path(testing::TempDir()) / ("loop-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path Image(const std::string& name) const {
    std::ofstream(folder_ / name) << std::string(1 << 20, 'x');
    return folder_ / name;
  }
  static std::string Backing(const LoopDevice& device) {
    const std::string name = fs::path(device.path).filename();
    return ReadFile("/sys/block/" + name + "/loop/backing_file", 4_KiB).value_or("none\n");
  }

  fs::path folder_;
};

TEST_F(LoopDeviceTest, AFileIsADeviceAsLongAsItIsHeld) {
  const fs::path image = Image("one");
  auto device = AttachLoop(image);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(Backing(*device), image.string() + "\n");
  std::string first(1, '\0');
  EXPECT_EQ(::pread(device->held.get(), first.data(), 1, 0), 1);
  EXPECT_EQ(first, "x");
  device->held.Reset();
  // The kernel clears it after the last close, not always before close returns.
  for (int tries = 0; tries < 1000 && Backing(*device) == image.string() + "\n"; ++tries) {
    ::usleep(1000);
  }
  EXPECT_NE(Backing(*device), image.string() + "\n");
}

TEST_F(LoopDeviceTest, WhoKeepsTheFileLockedHoldsNobodyUp) {
  const fs::path image = Image("one");
  const auto others = OpenFile(image, O_RDONLY);
  ASSERT_TRUE(others) << others.error().message;
  ASSERT_EQ(::flock(others->get(), LOCK_EX), 0);
  const auto device = AttachLoop(image);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Errc::kFailedPrecondition);
}

TEST_F(LoopDeviceTest, OneFileHasOneDevice) {
  const fs::path image = Image("one");
  const auto first = AttachLoop(image);
  const auto again = AttachLoop(image);
  const auto other = AttachLoop(Image("two"));
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first->path, again->path);
  EXPECT_NE(first->path, other->path);
}

TEST_F(LoopDeviceTest, AMachineHasAFileAlone) {
  const fs::path image = Image("one");
  auto machine = OpenAsDrive(image, DriveAccess::kWrite);
  ASSERT_TRUE(machine) << machine.error().message;
  for (const auto access : {DriveAccess::kWrite, DriveAccess::kReadOnly}) {
    EXPECT_EQ(OpenAsDrive(image, access).error().code, Errc::kFailedPrecondition);
  }
  auto inherited = DuplicateFd(*machine);
  machine->Reset();
  EXPECT_FALSE(OpenAsDrive(image, DriveAccess::kWrite));
  inherited->Reset();
  EXPECT_TRUE(OpenAsDrive(image, DriveAccess::kWrite));
}

TEST_F(LoopDeviceTest, MachinesThatOnlyReadShareAFileThatNobodyMounts) {
  const fs::path image = Image("one");
  const auto first = OpenAsDrive(image, DriveAccess::kReadOnly);
  const auto second = OpenAsDrive(image, DriveAccess::kReadOnly);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(OpenAsDrive(image, DriveAccess::kWrite).error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(AttachLoop(image).error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(CheckMountable(image));  // nobody could write it
}

TEST_F(LoopDeviceTest, AMountedFileIsNoDrive) {
  const fs::path image = Image("one");
  const auto device = AttachLoop(image);
  ASSERT_TRUE(device);
  for (const auto access : {DriveAccess::kWrite, DriveAccess::kReadOnly}) {
    EXPECT_EQ(OpenAsDrive(image, access).error().code, Errc::kFailedPrecondition);
  }
  EXPECT_TRUE(CheckMountable(image));
}

TEST_F(LoopDeviceTest, WhatAMachineCouldWriteIsNeverMountedAgain) {
  const fs::path image = Image("one");
  {
    const auto drive = OpenAsDrive(image, DriveAccess::kWrite);
    ASSERT_TRUE(drive);
    EXPECT_TRUE(CheckMountable(image));  // no machine has it yet
    ASSERT_TRUE(MarkWritten(drive->get()));
  }
  EXPECT_EQ(CheckMountable(image).error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(AttachLoop(image).error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(OpenAsDrive(image, DriveAccess::kWrite));
}

TEST_F(LoopDeviceTest, WhatIsNoFileIsRefused) {
  EXPECT_EQ(AttachLoop(folder_ / "absent").error().code, Errc::kNotFound);
  fs::create_symlink(Image("one"), folder_ / "link");
  EXPECT_FALSE(AttachLoop(folder_ / "link"));
  EXPECT_EQ(AttachLoop("/dev/null").error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::host
