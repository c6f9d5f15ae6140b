#include "cell/start/compile_job.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::cell {
namespace {

namespace fs = std::filesystem;

// What comes of a job whose process does this: a shell is the compiler that was taken over.
Result<CompiledCode> CompileWith(const std::string& script) {
  const testing::TempDir dir;
  fs::permissions(dir.path(), fs::perms(0755));  // the process has a user of its own
  const fs::path program = dir / "cell";
  const auto wrote = WriteFileAtomic(program, "#!/bin/sh\n" + script + "\n");
  EXPECT_TRUE(wrote.has_value());
  fs::permissions(program, fs::perms(0755));
  const CellProgram cell{
      .path = program.string(), .instance = "test", .allow_missing_protections = true};
  Loop loop{1};
  Result<CompiledCode> outcome = Fail(Errc::kDeadlineExceeded, "it did not end");
  const auto run = [&]() -> Awaitable<void> {
    auto made = co_await RunCompileJob(loop, cell, {}, {});
    outcome = std::move(made);
  };
  Spawn(loop, run());
  loop.run_for(std::chrono::seconds(20));
  return outcome;
}

// The same, and it says `answer`.
Result<CompiledCode> Compile(std::string_view answer) {
  return CompileWith("printf %s '" + std::string(answer) + "' >&5");
}

// Behind a hole, which costs this machine nothing.
TEST(CompileJobTest, CodeIsBounded) {
  const std::string after_mib = "exec dd if=/dev/zero bs=1M count=1 conv=notrunc seek=";
  const auto much = CompileWith(after_mib + "1024 >&4");
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error().code, Errc::kResourceExhausted);
  EXPECT_EQ(much.error().message, "compiling made more code than 1 GiB");
}

TEST(CompileJobTest, TheCompilersOwnErrorIsTheJobs) {
  const auto made = Compile(R"({"error": {"code": "INVALID_ARGUMENT", "message": "no wasm"}})");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(made.error().message, "no wasm");
}

TEST(CompileJobTest, AnErrorThatIsNotWrittenAsOneEndsNobody) {
  for (const char* error :
       {R"({"code": 1})", R"({"code": null, "message": ["x"]})", R"({"message": {}})", "{}"}) {
    const auto made = Compile(R"({"error": )" + std::string(error) + "}");
    ASSERT_FALSE(made) << error;
    EXPECT_EQ(made.error().code, Errc::kInternal) << error;
    EXPECT_EQ(made.error().message, "compile error") << error;
  }
}

TEST(CompileJobTest, WhatIsNoAnswerIsAFailure) {
  for (const char* answer : {"", "[]", "null", "{"}) EXPECT_FALSE(Compile(answer)) << answer;
}

TEST(CompileJobTest, AKindOfAnotherTypeIsNone) {
  const auto made = Compile(R"({"kind": 7})");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(KindOf(made->answer));
}

}  // namespace
}  // namespace strata::cell
