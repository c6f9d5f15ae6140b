#include "base/result.h"

#include <cerrno>
#include <memory>

#include <gtest/gtest.h>

namespace strata {
namespace {

Result<std::unique_ptr<int>> Half(int number) {
  if (number % 2 != 0) return Fail(Errc::kInvalidArgument, "odd");
  return std::make_unique<int>(number / 2);
}

TEST(ResultTest, HoldsAMoveOnlyValueOrAnError) {
  auto good = Half(8);
  ASSERT_TRUE(good);
  EXPECT_EQ(**good, 4);
  auto bad = Half(7);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), (Error{Errc::kInvalidArgument, "odd"}));
}

TEST(ResultTest, WrapPutsContextInFrontAndKeepsTheCode) {
  const Result<void> wrapped = Wrap(Error{Errc::kNotFound, "open x"}, "start vm-7");
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error(), (Error{Errc::kNotFound, "start vm-7: open x"}));
}

struct ErrnoCase {
  int err;
  Errc code;
};
class FailErrnoTest : public ::testing::TestWithParam<ErrnoCase> {};

TEST_P(FailErrnoTest, ChoosesTheCodeThatTellsTheCallerWhatToDo) {
  const Result<void> failed = FailErrno("do", GetParam().err);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, GetParam().code) << ErrcName(failed.error().code);
  EXPECT_TRUE(failed.error().message.starts_with("do: ")) << failed.error().message;
}

INSTANTIATE_TEST_SUITE_P(Errnos, FailErrnoTest,
                         ::testing::Values(ErrnoCase{ENOENT, Errc::kNotFound},
                                           ErrnoCase{EEXIST, Errc::kFailedPrecondition},
                                           ErrnoCase{EMFILE, Errc::kResourceExhausted},
                                           ErrnoCase{EPERM, Errc::kPermissionDenied},
                                           ErrnoCase{ETIMEDOUT, Errc::kDeadlineExceeded},
                                           ErrnoCase{ENOSYS, Errc::kUnsupported},
                                           ErrnoCase{EINVAL, Errc::kInvalidArgument},
                                           ErrnoCase{ECONNRESET, Errc::kUnavailable}));

}  // namespace
}  // namespace strata
