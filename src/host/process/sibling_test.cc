#include "host/process/sibling.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

TEST(SiblingTest, ItsParentIsTheCallersAndItKnowsItsOwnNumber) {
  const pid_t ours = ::getpid();
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    const auto child = ForkSibling();
    if (!child) ::_exit(2);
    if (*child > 0) {
      [[maybe_unused]] const ssize_t told = ::write(said[1], &*child, sizeof(*child));
      ::_exit(0);
    }
    if (::getppid() != ours) ::_exit(3);
    ::raise(SIGTERM);  // of this thread, by the number that the C library keeps
    ::_exit(4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  pid_t child = 0;
  ASSERT_EQ(::read(said[0], &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  ::close(said[0]);
  ::close(said[1]);
}

}  // namespace
}  // namespace strata::host
