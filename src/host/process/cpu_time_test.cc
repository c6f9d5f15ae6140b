#include "host/process/cpu_time.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>

namespace strata::host {
namespace {

TEST(CpuTimeTest, IsWhatTheKernelSaysAtTheEnd) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    rusage so_far{};
    while (so_far.ru_utime.tv_usec < 100'000) ::getrusage(RUSAGE_SELF, &so_far);
    ::raise(SIGSTOP);  // so that nothing more is used between the two readings
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  const auto used = CpuTimeOf(child);
  ::kill(child, SIGKILL);
  rusage usage{};
  ASSERT_EQ(::wait4(child, &status, 0, &usage), child);
  ASSERT_TRUE(used.has_value());
  const double ended = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  EXPECT_NEAR(std::chrono::duration<double>(*used).count() / ended, 1.0, 0.01);
}

TEST(CpuTimeTest, AProcessThatIsNotThereIsNotFound) {
  constexpr pid_t kBeyondAll = 1 << 22;  // the kernel's PID_MAX_LIMIT
  const auto used = CpuTimeOf(kBeyondAll);
  ASSERT_FALSE(used.has_value());
  EXPECT_EQ(used.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::host
