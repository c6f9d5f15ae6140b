#include "host/process/sibling.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include <gtest/gtest.h>

#include "host/process/orphans.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

// A child of ours that is not noted and does nothing, until this object ends. `become` is done
// first, and tells whether it could be.
class Child {
 public:
  explicit Child(const std::function<bool()>& become = [] { return true; }) {
    int said[2];
    if (::pipe(said) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      const bool became = become();
      [[maybe_unused]] const ssize_t told = ::write(said[1], &became, sizeof(became));
      while (true) ::pause();
    }
    if (::read(said[0], &ready_, sizeof(ready_)) != sizeof(ready_)) ready_ = false;
    ::close(said[0]);
    ::close(said[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

class AdoptSiblingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto kinship = KinshipOf(zygote_.pid());
    ASSERT_TRUE(kinship) << kinship.error().message;
    kinship_ = *kinship;
  }
  void ExpectRefused(pid_t pid) {
    const auto adopted = AdoptSibling(pid, kinship_);
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error().code, Errc::kPermissionDenied) << adopted.error().message;
  }

  const ExpectedOrphan expected_;
  const Child zygote_;
  Kinship kinship_;
};

TEST_F(AdoptSiblingTest, ANewChildOfTheSameKindIsTakenOnce) {
  const Child child;
  const auto adopted = AdoptSibling(child.pid(), kinship_);
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->pid(), child.pid());
  ExpectRefused(child.pid());
}

TEST_F(AdoptSiblingTest, OneThatIsNoChildOfOursIsRefused) {
  ExpectRefused(1);
  ExpectRefused(::getpid());
}

TEST_F(AdoptSiblingTest, OneThatWeStartedIsRefused) {
  const auto started = Process::Spawn(
      {.program = "/bin/sleep", .arguments = {"1000"}, .privileges = Privileges::kKeep});
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(*KinshipOf(started->pid()), kinship_) << "it is refused for another reason";
  ExpectRefused(started->pid());
}

TEST_F(AdoptSiblingTest, OneThatIsGoneIsNotFound) {
  pid_t gone = 0;
  {
    const Child child;
    gone = child.pid();
  }
  const auto adopted = AdoptSibling(gone, kinship_);
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code, Errc::kNotFound) << adopted.error().message;
}

struct Difference {
  const char* label;
  bool (*become)();
};
class AdoptOtherTest : public AdoptSiblingTest, public ::testing::WithParamInterface<Difference> {};

TEST_P(AdoptOtherTest, IsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  const Child other(GetParam().become);
  ASSERT_TRUE(other.ready());
  ExpectRefused(other.pid());
}

constexpr gid_t kOther = 12345;
INSTANTIATE_TEST_SUITE_P(
    Differences, AdoptOtherTest,
    ::testing::Values(Difference{"User", [] { return ::setresuid(kOther, kOther, kOther) == 0; }},
                      Difference{"SavedUser", [] { return ::setresuid(0, 0, kOther) == 0; }},
                      Difference{"Group", [] { return ::setresgid(kOther, kOther, kOther) == 0; }},
                      Difference{"Groups",
                                 [] { return ::syscall(SYS_setgroups, 1, &kOther) == 0; }},
                      Difference{"Network", [] { return ::unshare(CLONE_NEWNET) == 0; }}),
    [](const auto& info) { return info.param.label; });

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
