#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "host/process/process.h"

namespace strata::host {
namespace {

constexpr std::chrono::seconds kLong(60);  // only reached by a test that fails

SpawnOptions Shell(const std::string& script) {
  return {.program = "/bin/sh", .arguments = {"-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

TEST(RunToEndTest, FeedsStdinAndKeepsBothOutputsApart) {
  const auto result = RunToEnd(Shell("cat; echo problem >&2; exit 4"), kLong, 1_MiB, "in\0put");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->out, "in");
  EXPECT_EQ(result->err, "problem\n");
  EXPECT_EQ(result->status, (ExitStatus{ExitStatus::Kind::kExited, 4}));
}

TEST(RunToEndTest, TakesMoreOutputThanAPipeHoldsFromBothAtOnce) {
  const auto result =
      RunToEnd(Shell("head -c 3000000 /dev/zero & head -c 3000000 /dev/zero >&2; wait"), kLong,
               Bytes::MiB(4));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->out.size(), 3'000'000U);
  EXPECT_EQ(result->err.size(), 3'000'000U);
}

TEST(RunToEndTest, EndsAToolThatRunsTooLong) {
  const auto result = RunToEnd(Shell("exec sleep 1000"), std::chrono::milliseconds(1), 1_MiB);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kDeadlineExceeded);
  EXPECT_TRUE(result.error().message.starts_with("/bin/sh: ")) << result.error().message;
}

TEST(RunToEndTest, EndsAToolThatPrintsTooMuch) {
  for (const char* script : {"exec cat /dev/zero", "exec cat /dev/zero >&2"}) {
    const auto result = RunToEnd(Shell(script), kLong, 1_MiB);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::kResourceExhausted);
  }
}

TEST(RunToEndTest, DoesNotWaitForWhatTheToolLeftBehind) {
  // The background process keeps the pipes open for some seconds more.
  const auto result = RunToEnd(Shell("(sleep 5) & echo done"), kLong, 1_MiB);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->out, "done\n");
}

TEST(RunToEndTest, RefusesForeignStandardDescriptors) {
  SpawnOptions options = Shell("true");
  options.stdout_fd = 1;
  EXPECT_EQ(RunToEnd(options, kLong, 1_MiB).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::host
