#include "host/process/orphans.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>

#include <gtest/gtest.h>

#include "host/process/process.h"

namespace strata::host {
namespace {

using std::chrono::seconds;

// Leaves an orphan that has ended, and returns once it is ours.
void LeaveOrphan() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const auto ran = RunToEnd({.program = "/bin/sh", .arguments = {"-c", "(exit 3) & exit 0"}},
                            seconds(10), 1_KiB);
  ASSERT_TRUE(ran.has_value()) << ran.error().message;
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
}

TEST(OrphansTest, AreReaped) {
  LeaveOrphan();
  EXPECT_EQ(ReapOrphans(), 1);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nothing is left to wait for";
}

TEST(OrphansTest, OneThatIsExpectedIsLeft) {
  auto expected = std::make_unique<ExpectedOrphan>();
  LeaveOrphan();
  EXPECT_EQ(ReapOrphans(), 0);
  expected.reset();
  EXPECT_EQ(ReapOrphans(), 1);
}

TEST(OrphansTest, ChildrenOfOursAreLeft) {
  auto process = Process::Spawn({.program = "/bin/true"});
  ASSERT_TRUE(process.has_value());
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(ReapOrphans(), 0);
  EXPECT_EQ(process->Poll(), (ExitStatus{ExitStatus::Kind::kExited, 0}));
}

TEST(OrphansTest, OneIsReapedByItsIdentity) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(3);
  const auto id = IdentifyProcess(child);
  ASSERT_TRUE(id.has_value());
  ReapOrphan(*id, seconds(10));
  EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), -1);
}

// Its pid may be another's by now, whose end nobody here waits for.
TEST(OrphansTest, AnotherOfItsPidIsLeft) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(3);
  auto id = IdentifyProcess(child);
  ASSERT_TRUE(id.has_value());
  ++id->start_time;
  ReapOrphan(*id, seconds(10));
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(OrphansTest, OneThatLivesOnIsNotWaitedForLonger) {
  auto process = Process::Spawn({.program = "/bin/sleep", .arguments = {"1000"}});
  ASSERT_TRUE(process.has_value());
  ReapOrphan(process->id(), seconds(1000));  // somebody answers for it
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(3);
  }
  const auto id = IdentifyProcess(child);
  ASSERT_TRUE(id.has_value());
  ReapOrphan(*id, std::chrono::milliseconds(10));
  ::kill(child, SIGKILL);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

}  // namespace
}  // namespace strata::host
