// What a guest that took over its agent does to the program that holds its machine: nothing to its
// memory, to its other guests' turns, or to its descriptors. Played by a program in QEMU's place.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/files/memfd.h"
#include "kube/shim/microvm/programs.h"
#include "kube/shim/task/stdio.h"
#include "sandbox/microvm/guest/side_program.h"
#include "sandbox/microvm/machine/machine.h"
#include "tests/support/run_on.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPython = "/usr/bin/python3";
constexpr Bytes kMemory = Bytes::MiB(128);
constexpr std::uint32_t kNumber = 2;  // of a program

// Sends what is on its disk for ever and reads nothing.
constexpr const char* kFloods = R"(#!/usr/bin/python3 -ISB
import os
os.set_blocking(3, True)
data = open("/proc/self/fd/5", "rb").read()
data *= 1 + (1 << 20) // len(data)
while True:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(3, rest):]
)";

// Answers each kStart with kFailed.
constexpr const char* kRefuses = R"(#!/usr/bin/python3 -ISB
import os
os.set_blocking(3, True)
port = open(3, "rb")
while head := port.read(9):
    port.read(int.from_bytes(head[:4], "little"))
    if head[4] == 4:
        os.write(3, (4).to_bytes(4, "little") + bytes([19]) + head[5:] + b"none")
)";

std::size_t OpenDescriptors() {
  const fs::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class HostileAgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "machines need root";
    if (::access(kPython, X_OK) != 0) GTEST_SKIP() << "no " << kPython;
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  }

  // A machine whose agent is `program`, with `said` on its disk.
  void Play(const char* program, const std::string& said) {
    ASSERT_TRUE(WriteFileAtomic(folder_ / "qemu", program, 0755));
    ASSERT_TRUE(WriteFileAtomic(folder_ / "disk", said, 0644));
    ASSERT_TRUE(WriteFileAtomic(folder_ / "kernel", "", 0644));
    // The umask does not say who may.
    ASSERT_EQ(::chmod((folder_ / "qemu").c_str(), 0755), 0);
    ASSERT_EQ(::chmod((folder_ / "disk").c_str(), 0644), 0);
    auto groups = host::Cgroups::Find("strata-hostile-" + std::to_string(::getpid()));
    ASSERT_TRUE(groups) << groups.error().message;
    auto worker = Worker::Start();
    ASSERT_TRUE(worker) << worker.error().message;
    auto kernel = OpenFile(folder_ / "kernel", O_RDONLY);
    ASSERT_TRUE(kernel);
    auto initrd = host::MakeMemfd("initrd");
    ASSERT_TRUE(initrd);
    shared_.reset(new Shared{
        .loop = loop_,
        .clock = clock_,
        .config = {.qemu = (folder_ / "qemu").string(), .exec_grace = grace_},
        .groups = std::move(*groups),
        .kernel = {.file = std::move(*kernel), .version = "0", .initrd = std::move(*initrd)},
        .tsc_khz = "2000000",
        .metrics = {},
        .worker = std::move(*worker)});
    const auto disk = OpenFile(folder_ / "disk", O_RDONLY);
    ASSERT_TRUE(disk);
    const auto memory = host::MakeMemfd("guest-memory");
    ASSERT_TRUE(memory);
    auto machine = testing::RunOn(loop_, Machine::Start(shared_, {.name = "m-hostile",
                                                                  .disk = disk->get(),
                                                                  .memory = memory->get(),
                                                                  .size = kMemory,
                                                                  .oom_score_adjust = 321}));
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }

  // As the worker sees it, which lets go of what its job before had a moment after that was done.
  std::size_t OpenNow() {
    std::move_only_function<Result<std::size_t>()> count = [] { return OpenDescriptors(); };
    auto counted = testing::RunOn(loop_, shared_->worker->Run(std::move(count)));
    EXPECT_TRUE(counted);
    return counted.value_or(0);
  }

  // What Receive says in the end, when every frame goes to `side`; empty: it goes on and on.
  std::string EndOf(SideProgram& side) {
    constexpr int kMany = 100'000;
    for (int i = 0; i < kMany; ++i) {
      auto frame = testing::RunOn(loop_, machine_->Receive());
      if (!frame) {
        EXPECT_EQ(frame.error().code, Errc::kInvalidArgument);
        return frame.error().message;
      }
      side.Take(std::move(*frame));
    }
    return {};
  }

  std::shared_ptr<SideProgram> Side(Fd out) {
    sandbox::Program streams;
    streams.out = std::move(out);
    return std::make_shared<SideProgram>(shared_, machine_, kNumber, std::move(streams));
  }

  Loop loop_;
  const SystemClock clock_;
  std::chrono::milliseconds grace_ = Config{}.exec_grace;
  const strata::testing::TempDir folder_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Machine> machine_;
};

TEST_F(HostileAgentTest, ItSendsNoMoreThanItsCredit) {
  Play(kFloods, EncodeFrame(FrameType::kOutput, std::string(16 * 1024, 'x'), kNumber));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  EXPECT_NE(EndOf(*Side(Fd(ends[1]))).find("credit"), std::string::npos);
}

TEST_F(HostileAgentTest, ItSendsNoOutputOfNothing) {
  Play(kFloods, EncodeFrame(FrameType::kError, {}, kNumber));
  EXPECT_NE(EndOf(*Side(Fd())).find("credit"), std::string::npos);
}

TEST_F(HostileAgentTest, WhatItDoesNotReadDoesNotPileUp) {
  Play(kFloods, EncodeFrame(FrameType::kError, "x", kNumber));
  constexpr int kPosts = 1'000;
  for (int i = 0; i < kPosts; ++i) {
    machine_->Post(FrameType::kInput, std::string(64 * 1024, 'x'), kNumber);
  }
  EXPECT_NE(EndOf(*Side(Fd())).find("reads nothing"), std::string::npos);
}

TEST_F(HostileAgentTest, OthersOfTheLoopHaveTheirTurnsBetweenItsFrames) {
  Play(kFloods, EncodeFrame(FrameType::kAsleep));
  constexpr int kFrames = 500'000;
  int since_turn = 0;
  int most = 0;
  int frames = 0;
  Spawn(loop_, [](Loop& loop, const int& got, int& count) -> Awaitable<void> {
    while (got < kFrames) {
      count = 0;
      co_await asio::post(loop, kAwait);
    }
  }(loop_, frames, since_turn));
  auto read = [](Machine& from, int& got, int& count, int& largest) -> Task<void> {
    for (; got < kFrames; ++got) {
      auto frame = co_await from.Receive();
      if (!frame) co_return std::unexpected(std::move(frame).error());
      largest = std::max(largest, ++count);
    }
    co_return Result<void>();
  };
  ASSERT_TRUE(testing::RunOn(loop_, read(*machine_, frames, since_turn, most)));
  EXPECT_LT(most, 20'000);
}

TEST_F(HostileAgentTest, FramesOfNoProgramEndIt) {
  Play(kFloods, EncodeFrame(FrameType::kExit, {}, kNumber));
  const auto programs = kube::shim::Programs::Begin(shared_, machine_);
  EXPECT_TRUE(testing::RunUntil(loop_, [this] { return machine_->ended(); }));
}

TEST_F(HostileAgentTest, OneThatDoesNotStartKeepsNothingOpen) {
  Play(kRefuses, "");
  const std::string fifo = (folder_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto programs = kube::shim::Programs::Begin(shared_, machine_);
  ASSERT_TRUE(programs->Add({}));  // the first
  const std::size_t before = OpenNow();
  for (int i = 0; i < 50; ++i) {
    const auto stdio = kube::shim::Stdio::Open({.in = {}, .out = fifo, .err = fifo});
    ASSERT_TRUE(stdio) << stdio.error().message;
    const auto number = programs->Add(*stdio);
    ASSERT_TRUE(number) << number.error().message;
    const Program program{.args = {"none"}};
    const auto started = testing::RunOn(loop_, programs->Start(*number, program));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message, "none");
  }
  EXPECT_EQ(OpenNow(), before);
  programs->EndMachine();
  EXPECT_TRUE(testing::RunUntil(loop_, [this] { return machine_->ended(); }));
}

TEST_F(HostileAgentTest, AConnectionThatIsOverIsGivenUpWhateverItSays) {
  grace_ = std::chrono::milliseconds(1);
  Play(kRefuses, "");
  const std::size_t before = OpenNow();
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  Fd ours(ends[0]);
  sandbox::Program streams;
  streams.in = Fd(ends[1]);
  const auto connection =
      std::make_shared<SideProgram>(shared_, machine_, kNumber, std::move(streams));
  connection->Begin();
  connection->EndWithInput();
  ours.Reset();
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return connection->over(); }));
  EXPECT_EQ(OpenNow(), before);
}

// A short one may have been read to its end before whoever asked for it is told that it has
// started.
TEST_F(HostileAgentTest, WhatAProgramPrintedBeforeItBeginsHereArrives) {
  Play(kRefuses, "");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd printed(ends[0]);
  const auto program = Side(Fd(ends[1]));
  program->Take({FrameType::kOutput, kNumber, "hello\n"});
  EXPECT_TRUE(program->Take({FrameType::kExit, kNumber, WriteOutcome({.status = 3})}));
  program->Begin();
  const auto status = testing::RunOn(loop_, program->Wait());
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(*status, 3);
  std::array<char, 16> text{};
  EXPECT_EQ(::read(printed.get(), text.data(), text.size()), 6);
  EXPECT_EQ(std::string(text.data()), "hello\n");
}

TEST_F(HostileAgentTest, WhatHoldsItIsAsDearToTheKernelAsWasAsked) {
  Play(kRefuses, "");
  const std::string of = "/proc/" + std::to_string(machine_->pid());
  EXPECT_EQ(ReadFile(of + "/oom_score_adj", 4_KiB).value_or(""), "321\n");
}

}  // namespace
}  // namespace strata::sandbox::microvm
