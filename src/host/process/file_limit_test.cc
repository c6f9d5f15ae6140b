#include "host/process/file_limit.h"

#include <sys/resource.h>

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

constexpr std::chrono::seconds kLong(60);  // only reached by a test that fails

rlimit Now() {
  rlimit now{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  return now;
}

TEST(FileLimitTest, OursBecomesTheHardOneAndAChildHasTheFormer) {
  const rlimit before = Now();
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  RaiseFileLimit();
  EXPECT_EQ(Now().rlim_cur, before.rlim_max);
  SpawnOptions options{.program = "/bin/sh", .arguments = {"-c", "ulimit -S -n; ulimit -H -n"}};
  const auto child = RunToEnd(options, kLong, 1_KiB);
  options.limits = {{.resource = RLIMIT_NOFILE, .value = 32}};
  const auto told = RunToEnd(options, kLong, 1_KiB);

  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  RaiseFileLimit();  // so that the next test's children are as ever
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_EQ(child->out, "64\n" + std::to_string(before.rlim_max) + "\n");
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->out, "32\n32\n");
}

}  // namespace
}  // namespace strata::host
