// The real strata-cell, with the test as its manager: what src/cell/README.md promises of a cell's
// life.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "integration/cell/guests.h"
#include "meter/call_record.h"
#include "support/cell_harness.h"

namespace strata {
namespace {

using testing::AnsweringModule;
using testing::CompileModule;
using testing::HttpClient;
using testing::TestCell;

class CellProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto hello = CompileModule(AnsweringModule("hello"));
    ASSERT_TRUE(hello.has_value()) << hello.error().message;
    ASSERT_FALSE(hello->answer.contains("error")) << hello->answer;
    hello_ = std::move(hello->code);
    engine_key_ = hello->answer["engine_key"];
  }

  // A cell that serves "hello" at /hello.
  void StartServing(TestCell& cell) {
    auto ready = cell.Start();
    ASSERT_TRUE(ready.has_value()) << ready.error().message;
    EXPECT_EQ(ready->engine_key, engine_key_);
    ASSERT_TRUE(cell.AddModule("hello-code", hello_).has_value());
    auto configured = cell.Configure({TestCell::MakeFunction("hello", "hello-code")});
    ASSERT_TRUE(configured.has_value()) << configured.error().message;
  }

  Fd hello_;
  std::string engine_key_;
};

TEST_F(CellProgramTest, ServesAFunctionAndRecordsTheCall) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  HttpClient client(cell.port());
  const auto answer = client.Get("/hello");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(client.Get("/nothing")->status, 404);

  const auto records = cell.ring().Read();
  ASSERT_TRUE(records.has_value());
  ASSERT_FALSE(records->empty());
  EXPECT_EQ(records->front().type, telemetry::RecordType::kCall);
  ASSERT_EQ(records->front().payload.size(), sizeof(meter::CallRecord));
}

TEST_F(CellProgramTest, HasOneThreadAfterServing) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  HttpClient client(cell.port());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Get("/hello")->status, 200);
  const std::filesystem::path tasks = "/proc/" + std::to_string(cell.pid()) + "/task";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(tasks), {}), 1);
}

TEST_F(CellProgramTest, UpdatesUnderLoadFailNoRequest) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      HttpClient client(cell.port());
      while (!stop) {
        const auto answer = client.Get("/hello");
        ++(answer && answer->status == 200 ? good : bad);
      }
    });
  }
  for (std::uint32_t i = 0; i < 50; ++i) {
    auto function = TestCell::MakeFunction("hello", "hello-code");
    function.revision = i;
    EXPECT_TRUE(cell.Configure({std::move(function)}).has_value());
    // The next change waits for calls to have come in on this one.
    for (const int before = good; good < before + 20 && bad == 0;) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GE(good, 1000);
}

TEST_F(CellProgramTest, ABadConfigurationChangesNothing) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  const auto unknown = cell.Configure({TestCell::MakeFunction("other", "no-such-code")});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_TRUE(unknown.error().message.starts_with("NOT_FOUND: ")) << unknown.error().message;
  auto reaching = TestCell::MakeFunction("hello", "hello-code");
  reaching.grants.dirs = {{"/etc", "/data", model::DirGrant::Mode::kReadOnly}};
  const auto refused = cell.Configure({std::move(reaching)});
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message.starts_with("FAILED_PRECONDITION: "));
  EXPECT_EQ(HttpClient(cell.port()).Get("/hello")->status, 200);
}

TEST_F(CellProgramTest, ServesOnWithoutAManagerAndIsAdopted) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  HttpClient client(cell.port());
  ASSERT_EQ(client.Get("/hello")->status, 200);
  cell.CloseWire();
  ASSERT_EQ(client.Get("/hello")->status, 200);

  std::vector<Fd> fds;
  const auto state = cell.Adopt(fds);
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(state->cell, "test");
  EXPECT_EQ(state->generation, 1u);
  EXPECT_EQ(state->modules, std::vector<std::string>{"hello-code"});
  ASSERT_EQ(state->listeners.size(), 1u);
  EXPECT_EQ(state->listeners[0].id, "web");
  EXPECT_EQ(fds.size(), 4u);
  ASSERT_TRUE(telemetry::RingReader::Open(fds[0].get()).has_value());

  // The new manager is obeyed.
  ASSERT_TRUE(cell.Configure({TestCell::MakeFunction("again", "hello-code")}).has_value());
  EXPECT_EQ(client.Get("/again")->status, 200);
  EXPECT_EQ(client.Get("/hello")->status, 404);
}

TEST_F(CellProgramTest, DrainsAndExitsWhenNobodyAdoptsIt) {
  TestCell cell({.orphan_exit_s = 1});
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  cell.CloseWire();
  const auto status = cell.WaitForExit();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->success()) << status->ToString();
}

TEST_F(CellProgramTest, DrainIsAnsweredAndEndsTheProcess) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.Send(cell::Drain{5000}).has_value());
  EXPECT_TRUE(cell.Expect<cell::Drained>().has_value());
  EXPECT_TRUE(cell.WaitForExit()->success());
}

TEST_F(CellProgramTest, SigtermDrains) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.process().Kill(SIGTERM).has_value());
  EXPECT_TRUE(cell.Expect<cell::Drained>().has_value());
  EXPECT_TRUE(cell.WaitForExit()->success());
}

TEST_F(CellProgramTest, AddressableSandboxesAreMadeCalledAndDeleted) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.Send(cell::CreateSandbox{"sb-1", 0}).has_value());
  const auto created = cell.Expect<cell::SandboxCreated>();
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->error, "");
  HttpClient client(cell.private_path());
  EXPECT_EQ(client.Get("/sandboxes/sb-1/x")->body, "hello");
  EXPECT_EQ(client.Get("/sandboxes/sb-1")->body, "hello");
  EXPECT_EQ(client.Get("/functions/shop/hello/x?y=1")->body, "hello");
  EXPECT_EQ(client.Get("/functions/shop/other/")->status, 404);
  ASSERT_TRUE(cell.Send(cell::DeleteSandbox{"sb-1"}).has_value());
  EXPECT_EQ(cell.Expect<cell::SandboxGone>()->reason, "deleted");
  EXPECT_EQ(client.Get("/sandboxes/sb-1/x")->status, 404);
}

TEST_F(CellProgramTest, TypedExportsAreCalledByName) {
  auto add = CompileModule(
      "(module (func (export \"add\") (param i32 i32) (result i32)"
      " (i32.add (local.get 0) (local.get 1))))");
  ASSERT_TRUE(add.has_value()) << add.error().message;
  EXPECT_EQ(add->answer["kind"], "module");
  ASSERT_EQ(add->answer["exports"].size(), 1u) << add->answer;
  EXPECT_EQ(add->answer["exports"][0]["name"], "add");
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.AddModule("add-code", add->code).has_value());
  ASSERT_TRUE(cell.Configure({TestCell::MakeFunction("add", "add-code")}).has_value());
  HttpClient client(cell.private_path());
  const auto sum =
      client.Request("POST", "/functions/shop/add", "Strata-Export: add\r\n", "[2, 40]");
  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(sum->body, "{\"results\":[42]}\n");
  EXPECT_EQ(client.Request("POST", "/functions/shop/add", "Strata-Export: sub\r\n", "[]")->status,
            404);
  EXPECT_EQ(client.Request("POST", "/functions/shop/add", "Strata-Export: add\r\n", "[2]")->status,
            400);
}

TEST_F(CellProgramTest, AWireThatBreaksTheRulesIsLikeNoManager) {
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.Send(cell::Start{}).has_value());  // a second Start
  EXPECT_FALSE(cell.Receive().has_value());
  EXPECT_EQ(HttpClient(cell.port()).Get("/hello")->status, 200);
  std::vector<Fd> fds;
  EXPECT_TRUE(cell.Adopt(fds).has_value());
}

TEST_F(CellProgramTest, AGuestUsesItsDirectoriesClockAndRandomnessInOneThread) {
  auto files = CompileModule(testing::FilesGuest());
  ASSERT_TRUE(files.has_value()) << files.error().message;
  ASSERT_FALSE(files->answer.contains("error")) << files->answer;
  EXPECT_EQ(files->answer["kind"], "command");
  // Granted directories belong to whoever deploys; the cell's user may read, and write scratch.
  const testing::SharedDirectory data;
  const testing::SharedDirectory scratch;
  data.Write("file", "granted content");
  TestCell cell({.flags = {"--allow-ro=" + data.path(), "--allow-rw=" + scratch.path()},
                 .scratch_root = scratch.path()});
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.AddModule("files-code", files->code).has_value());
  auto function = TestCell::MakeFunction("files", "files-code");
  function.grants.dirs = {{data.path(), "/data", model::DirGrant::Mode::kReadOnly},
                          {"", "/tmp", model::DirGrant::Mode::kScratch}};
  auto configured = cell.Configure({std::move(function)});
  ASSERT_TRUE(configured.has_value()) << configured.error().message;
  HttpClient client(cell.port());
  const auto answer = client.Get("/files");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 200) << answer->body;
  EXPECT_NE(answer->body.find("granted content"), std::string::npos) << answer->body;
  const std::filesystem::path tasks = "/proc/" + std::to_string(cell.pid()) + "/task";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(tasks), {}), 1);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "the scratch directory is left";
}

TEST_F(CellProgramTest, SpinningAndTrappingGuestsAreEndedAndTheRestIsServed) {
  auto spin = CompileModule(testing::SpinningGuest());
  auto trap = CompileModule(testing::TrappingGuest());
  ASSERT_TRUE(spin.has_value() && trap.has_value());
  TestCell cell;
  ASSERT_NO_FATAL_FAILURE(StartServing(cell));
  ASSERT_TRUE(cell.AddModule("spin-code", spin->code).has_value());
  ASSERT_TRUE(cell.AddModule("trap-code", trap->code).has_value());
  auto spinning = TestCell::MakeFunction("spin", "spin-code");
  spinning.limits.cpu_time = std::chrono::milliseconds(20);
  ASSERT_TRUE(cell.Configure({std::move(spinning), TestCell::MakeFunction("trap", "trap-code"),
                              TestCell::MakeFunction("hello", "hello-code")})
                  .has_value());
  HttpClient client(cell.port());
  EXPECT_EQ(client.Get("/spin")->status, 502);
  EXPECT_EQ(client.Get("/trap")->status, 502);
  EXPECT_EQ(client.Get("/hello")->body, "hello");
}

TEST(CompileRoleTest, MalformedWasmIsRefusedWithItsReason) {
  const auto bad = CompileModule(std::string("\0asm\1\0\0\0garbage", 15));
  ASSERT_TRUE(bad.has_value()) << bad.error().message;
  EXPECT_EQ(bad->answer["error"]["code"], "INVALID_ARGUMENT") << bad->answer;
  EXPECT_FALSE(bad->answer["error"]["message"].get<std::string>().empty());
}

}  // namespace
}  // namespace strata
