#include "host/confine/landlock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "base/files/fd.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/confine/confine_test_util.h"

namespace strata::host {
namespace {

const std::string* root = nullptr;  // of the test that runs; the child functions take no arguments

class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto abi = LandlockAbi(); !abi) GTEST_SKIP() << abi.error().message;
    ASSERT_EQ(::mkdir((root_ / "ro").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir((root_ / "rw").c_str(), 0700), 0);
    ASSERT_TRUE(WriteFileAtomic(root_ / "ro/file", "x"));
    ASSERT_TRUE(WriteFileAtomic(root_ / "secret", "x"));
    root = &path_;
  }
  const testing::TempDir root_;
  const std::string path_ = root_.path();
};

int Open(const std::string& path, int flags) {
  const Fd fd(::open((*root + path).c_str(), flags | O_CLOEXEC, 0600));
  return fd.valid() ? 0 : errno;
}

bool RestrictToTestPaths() {
  const std::array rules = {PathRule{.path = *root + "/ro", .access = PathAccess::kReadOnly},
                            PathRule{.path = *root + "/rw", .access = PathAccess::kReadWrite}};
  return Restrict(rules).has_value();
}

TEST_F(LandlockTest, ReachesItsPathsAndNothingElse) {
  EXPECT_EQ(InChild([] {
              if (!RestrictToTestPaths()) return 1;
              if (Open("/ro/file", O_RDONLY) != 0) return 2;
              if (Open("/ro/file", O_WRONLY) != EACCES) return 3;
              if (Open("/ro/new", O_WRONLY | O_CREAT) != EACCES) return 4;
              if (Open("/rw/new", O_RDWR | O_CREAT) != 0) return 5;
              if (::unlink((*root + "/rw/new").c_str()) != 0) return 6;
              if (Open("/secret", O_RDONLY) != EACCES) return 7;
              if (::mkfifo((*root + "/rw/fifo").c_str(), 0600) == 0) return 8;
              return 0;
            }),
            0);
}

TEST_F(LandlockTest, CannotExecuteEvenWhatItCanRead) {
  EXPECT_EQ(InChild([] {
              const std::array rules = {PathRule{.path = "/", .access = PathAccess::kReadOnly}};
              if (!Restrict(rules)) return 1;
              ::execl("/bin/true", "true", nullptr);
              return errno == EACCES ? 0 : 2;
            }),
            0);
}

TEST_F(LandlockTest, ExecutesWhatIsAProgram) {
  EXPECT_EQ(InChild([] {
              if (!Restrict(SystemPrograms())) return 1;
              ::execl("/bin/true", "true", nullptr);
              return 2;
            }),
            0);
}

TEST_F(LandlockTest, ADeviceCanBeWrittenButNothingMadeBesideIt) {
  EXPECT_EQ(
      InChild([] {
        const std::array rules = {PathRule{.path = "/dev/null", .access = PathAccess::kDevice}};
        if (!Restrict(rules)) return 1;
        const Fd device(::open("/dev/null", O_RDWR | O_CLOEXEC));
        if (!device.valid()) return 2;
        return ::open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0 ? 3 : 0;
      }),
      0);
}

TEST_F(LandlockTest, CannotUseTcpWhereTheKernelCovers) {
  if (*LandlockAbi() < 4) GTEST_SKIP() << "Landlock ABI " << *LandlockAbi() << " has no TCP rules";
  EXPECT_EQ(InChild([] {
              if (!Restrict({})) return 1;
              const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              sockaddr_in address = {};
              address.sin_family = AF_INET;
              address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
              const auto* raw = reinterpret_cast<const sockaddr*>(&address);
              if (::bind(tcp.get(), raw, sizeof(address)) == 0 || errno != EACCES) return 2;
              address.sin_port = htons(9);
              if (::connect(tcp.get(), raw, sizeof(address)) == 0 || errno != EACCES) return 3;
              return 0;
            }),
            0);
}

TEST_F(LandlockTest, AMissingPathFailsAndRestrictsNothing) {
  EXPECT_EQ(InChild([] {
              const std::array rules = {PathRule{.path = *root + "/nowhere", .access = {}}};
              const auto report = Restrict(rules);
              if (report || report.error().code != Errc::kNotFound) return 1;
              return Open("/secret", O_RDONLY);
            }),
            0);
}

TEST_F(LandlockTest, SaysWhatItDoesNotCover) {
  EXPECT_EQ(InChild([] {
              const auto report = Restrict({});
              if (!report) return 1;
              return report->abi >= 1 && !report->not_covered.empty() ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace strata::host
