#include "base/files/fd.h"

#include <fcntl.h>

#include <utility>

#include <gtest/gtest.h>

namespace strata {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
Fd OpenNull() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(FdTest, ClosesInItsDestructor) {
  int number = -1;
  {
    const Fd fd = OpenNull();
    number = fd.get();
    ASSERT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(FdTest, AMoveTakesTheDescriptorAndClosesTheOldOne) {
  Fd from = OpenNull();
  Fd to = OpenNull();
  const int kept = from.get();
  const int closed = to.get();
  to = std::move(from);
  EXPECT_EQ(to.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
  EXPECT_FALSE(IsOpen(closed));
}

TEST(FdTest, ReleaseGivesItUpWithoutClosing) {
  Fd fd = OpenNull();
  const int number = fd.Release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(number));
  ::close(number);
}

}  // namespace
}  // namespace strata
