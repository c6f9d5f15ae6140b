// What only the wasm class can do: typed exports, requests to bare modules, commands, directories.
// What every class promises is in tests/contract.
#include "sandbox/wasm/sandbox.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "sandbox/testing/call_fixture.h"
#include "sandbox/wasm/driver.h"
#include "sandbox/wasm/engine/compiler.h"
#include "sandbox/wasm/program.h"

namespace strata::sandbox::wasm {
namespace {

namespace fs = std::filesystem;
using model::ExitReason;
using testing::CallFixture;

constexpr std::string_view kMath = R"((module
  (global $calls (mut i32) (i32.const 0))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "both") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
  (func (export "count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls))
  (func (export "spin") (loop $l (br $l)))
  (func $deep (export "deep") (call $deep))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))))";

// Prints its environment; the variables are separated by zero bytes.
constexpr std::string_view kPrintEnv = R"((module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 12)))
    (drop (call $get (i32.const 1024) (i32.const 8192)))
    (i32.store (i32.const 8) (i32.const 8192))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))))))";

// The same with its arguments, and then "!" on standard error.
constexpr std::string_view kPrintArguments = R"((module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 32) "!")
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 12)))
    (drop (call $get (i32.const 1024) (i32.const 8192)))
    (i32.store (i32.const 8) (i32.const 8192))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
    (i32.store (i32.const 8) (i32.const 32))
    (i32.store (i32.const 12) (i32.const 1))
    (drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 0))))))";

// Creates "file" in its first directory; answers 'A' + the error number, so 'A' is success.
constexpr std::string_view kCreateFile = R"((module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\01\00\00\00")
  (data (i32.const 32) "file")
  (func (export "_start")
    (i32.store8 (i32.const 16) (i32.add (i32.const 65)
      (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 1)
                  (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 24))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24))))))";

class WasmSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override { config_.max_sandboxes = 8; }

  std::shared_ptr<Image> Prepare(std::string_view wat) {
    driver_ = WasmDriver::Create(loop_, clock_, config_).value();
    auto compiled = Compiler::Create(config_).value().Compile(AsBytes(wat));
    EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
    return driver_->Prepare(std::move(compiled->code)).value();
  }

  std::unique_ptr<Sandbox> Make(std::string_view wat, const Spec& spec = Spec{.id = "box"}) {
    auto sandbox = Prepare(wat)->Create(spec);
    EXPECT_TRUE(sandbox.has_value()) << sandbox.error().message;
    return std::move(sandbox).value();
  }

  Result<Sandbox::TypedResult> Call(Sandbox& sandbox, std::string_view name,
                                    std::vector<Value> arguments) {
    return CallFixture::RunTask(
        loop_, sandbox.InvokeExport(name, arguments, clock_.Now() + std::chrono::seconds(1)));
  }

  // The answer of a call with an empty body, or with `body`.
  std::string Ask(Sandbox& sandbox, std::string_view body = "") {
    CallFixture fixture(loop_, clock_);
    fixture.call.trace.traceparent = "00-trace";
    fixture.body.Push(body).End();
    auto exit = fixture.Run(sandbox.Invoke(fixture.call));
    EXPECT_TRUE(exit.has_value()) << exit.error().message;
    EXPECT_EQ(exit->reason, ExitReason::kReturned) << exit->detail;
    status_ = fixture.sink.status();
    return fixture.sink.text();
  }

  Loop loop_;
  ManualClock clock_;
  Config config_;
  const strata::testing::TempDir root_;
  std::unique_ptr<WasmDriver> driver_;
  int status_ = 0;
};

// ---- typed exports -----------------------------------------------------------------------------

TEST_F(WasmSandboxTest, ListsAndCallsTypedExports) {
  auto image = Prepare(kMath);
  EXPECT_EQ(image->kind(), model::GuestKind::kModule);
  const auto exports = image->exports();
  ASSERT_EQ(exports.size(), 6U);
  EXPECT_EQ(exports[0].name, "add");
  EXPECT_EQ(exports[0].parameters, (std::vector<std::string>{"i32", "i32"}));

  auto sandbox = image->Create(Spec{.id = "box"}).value();
  auto sum = Call(*sandbox, "add", {std::int32_t{40}, std::int32_t{2}});
  ASSERT_TRUE(sum.has_value()) << sum.error().message;
  EXPECT_EQ(sum->values, std::vector<Value>{std::int32_t{42}});
  auto both = Call(*sandbox, "both", {std::int64_t{7}, 1.5});
  ASSERT_TRUE(both.has_value()) << both.error().message;
  EXPECT_EQ(both->values, (std::vector<Value>{1.5, std::int64_t{7}}));
}

TEST_F(WasmSandboxTest, ABadTypedCallIsRefusedAndTheSandboxGoesOn) {
  auto sandbox = Make(kMath);
  EXPECT_EQ(Call(*sandbox, "subtract", {}).error().code, Errc::kNotFound);
  EXPECT_EQ(Call(*sandbox, "add", {std::int32_t{1}}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Call(*sandbox, "add", {1.0, 2.0}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Call(*sandbox, "count", {})->values, std::vector<Value>{std::int32_t{1}});
  EXPECT_EQ(Call(*sandbox, "count", {})->values, std::vector<Value>{std::int32_t{2}});
}

TEST_F(WasmSandboxTest, ATrapInATypedCallIsAnExitWithoutValues) {
  auto sandbox = Make(kMath);
  auto result = Call(*sandbox, "divide", {std::int32_t{1}, std::int32_t{0}});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit.reason, ExitReason::kViolation);
  EXPECT_NE(result->exit.detail.find("divide by zero"), std::string::npos) << result->exit.detail;
  EXPECT_TRUE(result->values.empty());
  EXPECT_EQ(Call(*sandbox, "count", {}).error().code, Errc::kFailedPrecondition);
}

TEST_F(WasmSandboxTest, DeepRecursionIsAViolation) {
  auto sandbox = Make(kMath);
  auto result = Call(*sandbox, "deep", {});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit.reason, ExitReason::kViolation);
}

TEST_F(WasmSandboxTest, ATypedCallHasLimitsToo) {
  auto sandbox = Make(kMath, {.id = "box", .limits = {.cpu_time = std::chrono::milliseconds(10)}});
  auto result = Call(*sandbox, "spin", {});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->exit.reason, ExitReason::kLimit);
  EXPECT_EQ(result->exit.detail, "cpu_time");
}

TEST_F(WasmSandboxTest, ACommandHasNoTypedExports) {
  auto sandbox = Make(kPrintEnv);
  EXPECT_EQ(Call(*sandbox, "_start", {}).error().code, Errc::kUnsupported);
}

TEST_F(WasmSandboxTest, ABareModuleAnswersJsonRequests) {
  auto sandbox = Make(kMath);
  EXPECT_EQ(Ask(*sandbox, R"({"export":"add","args":[1,2]})"), R"({"results":[3]})");
  EXPECT_EQ(status_, 200);
  EXPECT_NE(Ask(*sandbox, R"({"export":"subtract"})").find("subtract"), std::string::npos);
  EXPECT_EQ(status_, 400);
}

// ---- commands ----------------------------------------------------------------------------------

TEST_F(WasmSandboxTest, ACommandSeesItsGrantedVariablesAndTheRequest) {
  auto sandbox = Make(kPrintEnv, {.id = "box", .env = {{"SIZE", "128"}}});
  const std::string env = Ask(*sandbox) + '\0';
  const auto has = [&env](std::string_view variable) {
    return env.find(std::string(variable) + '\0') != std::string::npos;
  };
  EXPECT_TRUE(has("SIZE=128"));
  EXPECT_TRUE(has("REQUEST_METHOD=POST"));
  EXPECT_TRUE(has("HTTP_HOST=test.example:8080"));
  EXPECT_TRUE(has("HTTP_TRACEPARENT=00-trace"));
  EXPECT_EQ(env.find("PATH="), std::string::npos) << "the host's environment leaked";
}

TEST_F(WasmSandboxTest, ACommandRunsAsAProgramWithItsArguments) {
  testing::RecordingLog log;
  auto sandbox = Make(kPrintArguments, {.id = "box", .effects = {.logs = &log}});
  CallFixture fixture(loop_, clock_);
  const std::vector<std::string> arguments{"/app.wasm", "", "-v"};
  const auto exit = fixture.Run(RunProgram(*sandbox, arguments, fixture.call));
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kReturned) << exit->detail;
  EXPECT_EQ(fixture.sink.text(), std::string("/app.wasm\0\0-v\0", 14));
  EXPECT_FALSE(fixture.sink.head_sent());
  EXPECT_EQ(log.lines, (std::vector<testing::RecordingLog::Line>{{Stream::kStderr, "!"}}));
}

TEST_F(WasmSandboxTest, WhatIsNoProgramIsRefused) {
  CallFixture fixture(loop_, clock_);
  const std::vector<std::string> nul{std::string("a\0b", 3)};
  auto command = Make(kPrintArguments);
  EXPECT_EQ(fixture.Run(RunProgram(*command, nul, fixture.call)).error().code,
            Errc::kInvalidArgument);
  const std::vector<std::string> good{"x"};
  auto module = Make(kMath);
  EXPECT_EQ(fixture.Run(RunProgram(*module, good, fixture.call)).error().code, Errc::kUnsupported);
}

TEST_F(WasmSandboxTest, AScratchDirectoryIsWritableAndGoesWithItsSandbox) {
  config_.directories = std::make_shared<Directories>(root_.path());
  Spec spec{.id = "box"};
  spec.grants.dirs.push_back({.guest = "/tmp", .mode = model::DirGrant::Mode::kScratch});
  auto sandbox = Make(kCreateFile, spec);
  EXPECT_EQ(Ask(*sandbox), "A");
  EXPECT_FALSE(fs::is_empty(root_.path()));
  sandbox.reset();
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

TEST_F(WasmSandboxTest, AReadOnlyDirectoryCannotBeChanged) {
  Spec spec{.id = "box"};
  spec.grants.dirs.push_back({.host = root_.path(), .guest = "/data"});
  auto sandbox = Make(kCreateFile, spec);
  EXPECT_NE(Ask(*sandbox), "A");
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

TEST_F(WasmSandboxTest, DirectoriesThatCannotBeGivenAreRefusedAndNothingIsLeft) {
  auto image = Prepare(kCreateFile);
  const auto code = [&](model::DirGrant dir) {
    Spec spec{.id = "box"};
    spec.grants.dirs.push_back(std::move(dir));
    return image->Create(spec).error().code;
  };
  EXPECT_EQ(code({.guest = "/tmp", .mode = model::DirGrant::Mode::kScratch}), Errc::kUnsupported);
  EXPECT_EQ(code({.host = "relative", .guest = "/data"}), Errc::kInvalidArgument);
  EXPECT_EQ(code({.host = root_ / "missing", .guest = "/data"}), Errc::kNotFound);
  EXPECT_EQ(driver_->metrics().sandboxes, 0U);
}

// ---- driver and compiler -----------------------------------------------------------------------

TEST_F(WasmSandboxTest, TheCompilerExplainsWhatItRefuses) {
  auto compiler = Compiler::Create(config_).value();
  const auto message = [&](std::string_view wat) {
    auto compiled = compiler.Compile(AsBytes(wat));
    EXPECT_FALSE(compiled.has_value());
    EXPECT_EQ(compiled.error().code, Errc::kInvalidArgument);
    return compiled.error().message;
  };
  EXPECT_FALSE(message("").empty());
  EXPECT_FALSE(message("(module").empty());
  EXPECT_FALSE(message(std::string_view("\0asm\1\0\0\0\xff", 9)).empty());
  EXPECT_NE(message(R"((module (import "env" "magic" (func))))").find("magic"), std::string::npos);
  EXPECT_FALSE(message("(module (memory 65536))").empty());  // 4 GiB
}

TEST_F(WasmSandboxTest, CompilerAndDriverAgreeOnTheEngineKey) {
  Prepare(kMath);
  const auto key = Compiler::Create(config_).value().EngineKey();
  EXPECT_EQ(driver_->EngineKey(), key);
  config_.memory_reservation = 64_MiB;
  config_.max_memory = 64_MiB;
  EXPECT_NE(Compiler::Create(config_).value().EngineKey(), key);
}

TEST_F(WasmSandboxTest, CountsHowCallsEnd) {
  auto sandbox = Make(kMath);
  ASSERT_TRUE(Call(*sandbox, "count", {}).has_value());
  ASSERT_TRUE(Call(*sandbox, "divide", {std::int32_t{1}, std::int32_t{0}}).has_value());
  const Metrics& metrics = driver_->metrics();
  EXPECT_EQ(metrics.calls, 2U);
  EXPECT_EQ(metrics.returned, 1U);
  EXPECT_EQ(metrics.violations, 1U);
  EXPECT_EQ(metrics.sandboxes_live, 1U);
}

}  // namespace
}  // namespace strata::sandbox::wasm
