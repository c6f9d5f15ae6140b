// The real strata-keeper with real containers, driven over its wire as the manager and a cell do.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"
#include "http/server/listener.h"
#include "keeper/wire/codec.h"
#include "sandbox/container/driver.h"
#include "sandbox/oci/testing/root.h"
#include "sandbox/remote/driver.h"
#include "sandbox/testing/call_fixture.h"
#include "wire/channel.h"

namespace strata::keeper {
namespace {

namespace fs = std::filesystem;
using model::ExitReason;
using sandbox::testing::CallFixture;
using std::chrono::seconds;

constexpr const char* kInstance = "test-instance";

struct Ends {
  Fd ours;
  Fd theirs;
};

Ends MakePair() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

class KeeperProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = root_.Missing(); !missing.empty()) GTEST_SKIP() << missing;
    auto control = http::ListenUnix((dir_ / "control").string());
    ASSERT_TRUE(control.has_value());
    Ends wire = MakePair();
    auto spawned = host::Process::Spawn(
        {.program = STRATA_KEEPER_PROGRAM,
         .arguments = {std::string("--instance=") + kInstance, "--keeper=test-0"},
         .stderr_fd = STDERR_FILENO,
         .fds = {{.from = wire.theirs.get(), .to = 3}},
         .privileges = host::Privileges::kKeep});
    ASSERT_TRUE(spawned.has_value()) << spawned.error().message;
    process_ = std::move(*spawned);
    wire_ = std::make_unique<wire::Channel>(loop_, std::move(wire.ours));
    Start start{.instance = kInstance,
                .keeper = "test-0",
                .tenant = "default",
                .state_root = dir_ / "state",
                .cgroup_parent = parent_};
    std::vector<Fd> fds;
    fds.push_back(std::move(*control));
    Send(start, std::move(fds));
    ASSERT_TRUE(std::holds_alternative<Ready>(Receive()));
  }

  void TearDown() override {
    process_.reset();
    auto groups = host::Cgroups::Find(parent_);
    if (!groups) return;
    EXPECT_TRUE(groups->Sweep(seconds(5)).has_value());
  }

  void Send(const ToKeeper& message, std::vector<Fd> fds = {}) {
    ASSERT_TRUE(wire_->Post({Encode(message), std::move(fds)}).has_value());
  }

  // The next answer: how its pools are, a keeper tells unasked.
  ToManager Receive() {
    while (true) {
      CallFixture fixture(loop_, clock_);
      auto frame = fixture.Run(wire_->Receive());
      EXPECT_TRUE(frame.has_value()) << frame.error().message;
      if (!frame) return Ready{};
      auto message = DecodeToManager(frame->text);
      EXPECT_TRUE(message.has_value()) << message.error().message;
      if (!message) return ToManager{};
      if (!std::holds_alternative<Pooled>(*message)) return std::move(*message);
    }
  }

  // Has the keeper prepare `behaviour` under its own name.
  std::string PrepareImage(const std::string& behaviour,
                           const std::string& sandbox_class = "container") {
    Send(Prepare{behaviour, sandbox_class, artifact::WriteRootImage(root_.Image({behaviour}))});
    const ToManager answer = Receive();
    const auto* prepared = std::get_if<Prepared>(&answer);
    EXPECT_NE(prepared, nullptr);
    return prepared == nullptr ? "" : prepared->error;
  }

  // Admits the image `image` under `key`: the error.
  std::string AdmitAs(const std::string& key, const std::string& image,
                      const model::Limits& limits = {}, const model::Grants& grants = {}) {
    Send(Admit{.key = key, .image = image, .limits = limits, .env = {}, .grants = grants});
    const ToManager answer = Receive();
    const auto* prepared = std::get_if<Prepared>(&answer);
    EXPECT_NE(prepared, nullptr);
    return prepared == nullptr ? "" : prepared->error;
  }

  // What was admitted as `key`, as a cell gets it.
  std::shared_ptr<sandbox::Image> Open(const std::string& key) {
    Ends line = MakePair();
    std::vector<Fd> fds;
    fds.push_back(std::move(line.theirs));
    Send(Attach{key}, std::move(fds));
    auto image = driver_.Prepare(std::move(line.ours));
    EXPECT_TRUE(image.has_value());
    return std::move(*image);
  }

  std::unique_ptr<sandbox::Sandbox> Make(const std::string& behaviour) {
    EXPECT_EQ(PrepareImage(behaviour), "");
    EXPECT_EQ(AdmitAs("run " + behaviour, behaviour), "");
    auto made = Open("run " + behaviour)->Create(sandbox::Spec{.id = "box-1"});
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  // What of the keeper is in memory.
  Bytes Resident() const {
    const auto text = ReadFile("/proc/" + std::to_string(process_->pid()) + "/statm", 128_B);
    EXPECT_TRUE(text.has_value());
    const std::size_t pages = std::strtoull(text->c_str() + text->find(' '), nullptr, 10);
    return Bytes{pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))};
  }

  // Groups of this keeper's sandboxes that are on the host.
  int Groups() const {
    int found = 0;
    std::error_code error;
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", error)) {
      if (fs::exists(hierarchy.path() / parent_, error)) ++found;
    }
    return found;
  }

  const sandbox::oci::testing::GuestRoot root_{sandbox::container::ChooseRuntime};
  const strata::testing::TempDir dir_;
  const std::string parent_ = "strata-keeper-test-" + std::to_string(::getpid());
  Loop loop_;
  SystemClock clock_;
  sandbox::remote::RemoteDriver driver_{loop_, clock_};
  std::optional<host::Process> process_;
  std::unique_ptr<wire::Channel> wire_;
};

TEST_F(KeeperProgramTest, RunsAContainerForACell) {
  auto sandbox = Make("echo");
  CallFixture fixture(loop_, clock_);
  fixture.body.Push("over three processes").End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kReturned);
  EXPECT_EQ(fixture.sink.text(), "over three processes");
  EXPECT_GT(exit->usage.cpu.count(), 0);
}

TEST_F(KeeperProgramTest, AGuestsEndIsItsExit) {
  auto sandbox = Make("memory");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run(sandbox->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->reason, ExitReason::kLimit);
  EXPECT_EQ(exit->detail, "memory");
}

TEST_F(KeeperProgramTest, AdmitsWhatTheClassCanEnforceWithoutMakingAnything) {
  ASSERT_EQ(PrepareImage("hello"), "");
  const std::string refused = AdmitAs("run", "hello", {}, {.http = {{.host = "localhost"}}});
  EXPECT_TRUE(refused.starts_with("UNSUPPORTED")) << refused;
  EXPECT_EQ(AdmitAs("run", "hello"), "");
  const std::string unknown = AdmitAs("other", "unheard-of");
  EXPECT_TRUE(unknown.starts_with("NOT_FOUND")) << unknown;
  EXPECT_EQ(Groups(), 0);
}

TEST_F(KeeperProgramTest, ALineHasTheLimitsThatWereAdmitted) {
  ASSERT_EQ(PrepareImage("memory"), "");
  ASSERT_EQ(AdmitAs("small", "memory", {.memory = Bytes::MiB(16)}), "");
  auto sandbox = Open("small")->Create({.id = "box-1", .limits = {.memory = Bytes::MiB(400)}});
  ASSERT_TRUE(sandbox.has_value());
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_EQ(exit->detail, "memory");
  EXPECT_LE(exit->usage.memory_peak, Bytes::MiB(20));
}

// An image alone is nobody's to run: what it may do has not been said.
TEST_F(KeeperProgramTest, ThereIsNoLineToAnImage) {
  ASSERT_EQ(PrepareImage("hello"), "");
  auto sandbox = Open("hello")->Create(sandbox::Spec{.id = "box-1"});
  ASSERT_TRUE(sandbox.has_value());
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kUnavailable);
}

TEST_F(KeeperProgramTest, AForgottenImageIsNotMadeAgainWhileItIsInUse) {
  ASSERT_EQ(PrepareImage("hello"), "");
  ASSERT_EQ(AdmitAs("run", "hello"), "");
  Send(Forget{"hello"});
  // Nothing of this could be made ready.
  Send(Prepare{"hello", "container", "nonsense"});
  EXPECT_EQ(std::get<Prepared>(Receive()).error, "");
  Send(Forget{"hello"});
  Send(Forget{"run"});
  Send(Prepare{"hello", "container", "nonsense"});
  EXPECT_NE(std::get<Prepared>(Receive()).error, "");
}

TEST_F(KeeperProgramTest, AClassThatItLacksIsRefused) {
  EXPECT_TRUE(PrepareImage("hello", "wasm").starts_with("INVALID_ARGUMENT"));
  EXPECT_TRUE(PrepareImage("hello", "unheard-of").starts_with("INVALID_ARGUMENT"));
  EXPECT_EQ(PrepareImage("hello"), "");
}

TEST_F(KeeperProgramTest, ACellThatDiesTakesItsContainersAlong) {
  auto sandbox = Make("count");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  ASSERT_TRUE(fixture.Run(sandbox->Invoke(fixture.call)).has_value());
  EXPECT_GT(Groups(), 0);
  sandbox.reset();  // what the kernel does with a dead cell's descriptors
  Stats stats;
  do {
    Send(GetStats{});
    stats = std::get<Stats>(Receive());
  } while (stats.sandboxes > 0);
  Send(Drain{});
  EXPECT_TRUE(std::holds_alternative<Drained>(Receive()));
  CallFixture waiting(loop_, clock_);
  const auto status = waiting.Run(process_->Wait());
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->success()) << status->ToString();
  EXPECT_EQ(Groups(), 0);
}

TEST_F(KeeperProgramTest, ALaterManagerAdoptsItWithItsImages) {
  auto sandbox = Make("count");
  CallFixture first(loop_, clock_);
  first.body.End();
  ASSERT_TRUE(first.Run(sandbox->Invoke(first.call)).has_value());

  wire_ = nullptr;  // the manager dies
  Fd control(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (dir_ / "control").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::connect(control.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  wire_ = std::make_unique<wire::Channel>(loop_, std::move(control));
  Send(Adopt{kInstance});
  const ToManager answer = Receive();
  EXPECT_EQ(std::get<State>(answer).keys, (std::vector<std::string>{"count", "run count"}));

  CallFixture second(loop_, clock_);
  second.body.End();
  ASSERT_TRUE(second.Run(sandbox->Invoke(second.call)).has_value());
  EXPECT_EQ(second.sink.text(), "2");
}

TEST_F(KeeperProgramTest, AServiceThatPrintsWithoutPauseTakesNoMemoryAndStopsNothing) {
  ASSERT_EQ(PrepareImage("flood"), "");
  ASSERT_EQ(PrepareImage("hello"), "");
  const Bytes before = Resident();
  Send(Serve{.key = "web", .image = "flood", .name = "web", .prove = false});
  std::this_thread::sleep_for(seconds(2));  // nobody reads meanwhile
  EXPECT_LT(Resident().count, (before + Bytes::MiB(16)).count);

  Send(Admit{.key = "run", .image = "hello", .limits = {}, .env = {}, .grants = {}});
  bool admitted = false;
  bool told_of_lost = false;
  while (!admitted || !told_of_lost) {
    const ToManager message = Receive();
    if (const auto* prepared = std::get_if<Prepared>(&message)) admitted |= prepared->key == "run";
    const auto* printed = std::get_if<Printed>(&message);
    if (printed == nullptr || printed->stream != "host") continue;
    told_of_lost |= printed->text.ends_with("lines that no manager read in time are lost");
  }
}

TEST_F(KeeperProgramTest, ADrainedKeepersLastWordsReachAManagerThatReadsLate) {
  ASSERT_EQ(PrepareImage("flood"), "");
  Send(Serve{.key = "web", .image = "flood", .name = "web", .prove = false});
  std::this_thread::sleep_for(seconds(1));  // the wire is full then
  Send(Drain{});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ToManager last = Receive();
  while (std::holds_alternative<Printed>(last) || std::holds_alternative<Measured>(last) ||
         std::holds_alternative<Scaled>(last) || std::holds_alternative<Prepared>(last)) {
    last = Receive();
  }
  EXPECT_TRUE(std::holds_alternative<Drained>(last));
}

TEST_F(KeeperProgramTest, WhatAKilledKeeperLeavesIsFoundByItsCgroup) {
  auto sandbox = Make("spin");
  CallFixture fixture(loop_, clock_);
  fixture.body.End();
  std::optional<Result<model::Exit>> exit;
  Spawn(loop_,
        [](sandbox::Sandbox& box, sandbox::Call& call,
           std::optional<Result<model::Exit>>& to) -> Awaitable<void> {
          to.emplace(co_await box.Invoke(call));
        }(*sandbox, fixture.call, exit));
  loop_.restart();
  while (Groups() == 0) loop_.run_one();
  ASSERT_TRUE(process_->Kill(SIGKILL).has_value());
  while (!exit) loop_.run_one();
  ASSERT_FALSE(exit->has_value());
  EXPECT_EQ(exit->error().code, Errc::kUnavailable);

  auto groups = host::Cgroups::Find(parent_);
  ASSERT_TRUE(groups.has_value());
  const auto swept = groups->Sweep(seconds(5));
  EXPECT_TRUE(swept.has_value()) << swept.error().message;
  EXPECT_EQ(Groups(), 0);
}

}  // namespace
}  // namespace strata::keeper
