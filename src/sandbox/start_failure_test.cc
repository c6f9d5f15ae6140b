#include "sandbox/start_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

struct Words {
  const char* label;
  const char* words;
  Errc code;
};
class StartFailureTest : public ::testing::TestWithParam<Words> {};

TEST_P(StartFailureTest, IsToldApartAndKeepsItsWords) {
  const Error error = StartFailure(GetParam().words);
  EXPECT_EQ(error.code, GetParam().code) << error.message;
  EXPECT_THAT(error.message, ::testing::EndsWith(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Runtimes, StartFailureTest,
    ::testing::Values(
        Words{"RuncPath", R"(run x: exec: "x": executable file not found in $PATH)",
              Errc::kNotFound},
        Words{"CrunFile", "run /x: executable file `/x` not found: No such file or directory",
              Errc::kNotFound},
        Words{"Agent", "agent: x: No such file or directory", Errc::kNotFound},
        Words{"NotExecutable", R"(run /f: exec: "/f": permission denied)", Errc::kPermissionDenied},
        Words{"Directory", "run /: open `/`: Is a directory", Errc::kPermissionDenied},
        Words{"NoProgram", "run /f: exec /f: Exec format error", Errc::kPermissionDenied},
        Words{
            "RuncFolder",
            R"(run /f: chdir to cwd ("/app") set in config.json failed: no such file or directory)",
            Errc::kFailedPrecondition},
        Words{"CrunGone", "error opening file `/run/crun/x/status`: No such file or directory",
              Errc::kFailedPrecondition},
        Words{"Else", "run x: cannot exec in a stopped container", Errc::kFailedPrecondition}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::sandbox
