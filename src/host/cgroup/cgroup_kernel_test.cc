// The promises of host/cgroup/cgroup.h with this host's kernel behind them.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// A program that does nothing until a line comes in: what it is to do then happens in its group.
struct Guest {
  Process process;
  Fd start;

  static Guest Make(const std::string& script) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd in(ends[0]);
    auto process = Process::Spawn({.program = "/bin/sh",
                                   .arguments = {"-c", "read line; " + script},
                                   .environment = {"PATH=/usr/bin:/bin"},
                                   .stdin_fd = in.get()});
    EXPECT_TRUE(process.has_value()) << process.error().message;
    return {std::move(process).value(), Fd(ends[1])};
  }
  void Start() const { ASSERT_TRUE(WriteAll(start.get(), "go\n").has_value()); }
  ExitStatus Wait() {
    while (!process.Poll()) std::this_thread::sleep_for(milliseconds(2));
    return *process.Poll();
  }
};

class CgroupKernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may make cgroups";
    auto groups = Cgroups::Find(parent);
    if (!groups) GTEST_SKIP() << groups.error().message;
    const auto probed = groups->Probe();
    if (!probed) GTEST_SKIP() << "no usable cgroups: " << probed.error().message;
    auto made = groups->Make("box-1");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    group = std::move(*made);
  }
  void TearDown() override {
    group.reset();
    EXPECT_EQ(Leftovers(), 0);
  }
  int Leftovers() const {
    int found = 0;
    for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup")) {
      if (fs::exists(entry.path() / parent)) ++found;
    }
    return found;
  }

  const std::string parent = "strata-test-" + std::to_string(::getpid());
  std::unique_ptr<Cgroup> group;
};

TEST_F(CgroupKernelTest, TheGroupOfAProcessIsFoundAndStaysWhenWhoLookedAtItLetsGo) {
  Guest guest = Guest::Make("true");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  const auto groups = Cgroups::Find(parent);
  ASSERT_TRUE(groups.has_value());
  {
    const auto found = groups->Of(guest.process.pid());
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_EQ((*found)->path(), group->path());
    EXPECT_EQ((*found)->Members().value(), std::vector<pid_t>{guest.process.pid()});
  }
  EXPECT_EQ(group->Members().value(), std::vector<pid_t>{guest.process.pid()});
  guest.Start();
  guest.Wait();
}

TEST_F(CgroupKernelTest, WhatIsAboveAGroupElsewhereStaysWhenItIsRemoved) {
  const auto groups = Cgroups::Find(parent);
  ASSERT_TRUE(groups.has_value());
  const std::string path = "/" + parent + "/pod/c1";
  {
    const auto made = groups->MakeAt(path);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    const Guest guest = Guest::Make("true");
    ASSERT_TRUE((*made)->Add(guest.process.pid()).has_value());
  }
  EXPECT_EQ(groups->OpenAt(path).error().code, Errc::kNotFound);
  const auto above = groups->OpenAt("/" + parent + "/pod");
  ASSERT_TRUE(above.has_value());
  EXPECT_TRUE((*above)->Remove(std::chrono::seconds(1)).has_value());
}

TEST_F(CgroupKernelTest, NobodyGetsHoldOfOurOwnGroup) {
  const auto groups = Cgroups::Find(parent);
  ASSERT_TRUE(groups.has_value());
  const auto found = groups->Of(::getpid());
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Errc::kUnsupported);
}

TEST_F(CgroupKernelTest, TheKernelKillsAtTheMemoryLimitAndItIsCounted) {
  ASSERT_TRUE(group->Limit({.memory = 8_MiB}).has_value());
  auto guest = Guest::Make("x=$(head -c 50000000 /dev/zero | tr '\\0' x); echo $x >/dev/null");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  guest.Start();
  EXPECT_FALSE(guest.Wait().success());
  const auto usage = group->Usage();
  ASSERT_TRUE(usage.has_value()) << usage.error().message;
  EXPECT_GT(usage->oom_kills, 0U);
  EXPECT_GT(usage->memory_peak, 4_MiB);
  EXPECT_LE(usage->memory_peak, 8_MiB);
}

TEST_F(CgroupKernelTest, MemoryDetailsSayWhatIsThereAndWhatMayBe) {
  const auto unbounded = group->MemoryDetails();
  ASSERT_TRUE(unbounded.has_value()) << unbounded.error().message;
  EXPECT_GT(unbounded->limit.count, std::uint64_t{1} << 62);
  ASSERT_TRUE(group->Limit({.memory = 64_MiB}).has_value());
  // Some megabytes: version 1 counts each CPU's faults only by the dozen.
  auto guest = Guest::Make("x=$(head -c 4000000 /dev/zero | tr '\\0' x)");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  guest.Start();
  guest.Wait();
  const auto memory = group->MemoryDetails();
  ASSERT_TRUE(memory.has_value()) << memory.error().message;
  EXPECT_EQ(memory->limit, 64_MiB);
  EXPECT_GT(memory->faults, 0U);
}

TEST_F(CgroupKernelTest, TheMemoryLimitMayBeRaisedAndLowered) {
  for (const int mib : {64, 256, 32}) {
    const auto limited = group->Limit({.memory = Bytes::MiB(mib)});
    EXPECT_TRUE(limited.has_value()) << mib << ": " << limited.error().message;
  }
}

TEST_F(CgroupKernelTest, SharesAreTakenAndBoundsTakenAway) {
  const auto limited =
      group->Limit({.memory = 64_MiB, .cpu_millis = 500, .pids = 7, .cpu_shares = 512});
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  const auto lifted = group->Limit({.memory = CgroupLimits::kAnyMemory,
                                    .cpu_millis = CgroupLimits::kAny,
                                    .pids = CgroupLimits::kAny});
  ASSERT_TRUE(lifted.has_value()) << lifted.error().message;
  EXPECT_GT(group->MemoryDetails()->limit.count, std::uint64_t{1} << 62);
}

TEST_F(CgroupKernelTest, FilesOfVersionTwoAreWrittenThereAndRefusedElsewhere) {
  CgroupLimits limits{.memory = {}, .cpu_millis = 0, .pids = 0};
  limits.unified = {{"memory.oom.group", "1"}};
  const auto limited = group->Limit(limits);
  if (Cgroups::Find(parent)->version() == CgroupVersion::kV2) {
    EXPECT_TRUE(limited.has_value()) << limited.error().message;
  } else {
    ASSERT_FALSE(limited.has_value());
    EXPECT_EQ(limited.error().code, Errc::kUnsupported);
  }
}

TEST_F(CgroupKernelTest, CpuTimeIsCountedAndTheQuotaHolds) {
  ASSERT_TRUE(group->Limit({.cpu_millis = 100}).has_value());
  auto guest = Guest::Make("while :; do :; done");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  guest.Start();
  std::this_thread::sleep_for(milliseconds(500));
  const auto usage = group->Usage();
  ASSERT_TRUE(usage.has_value());
  EXPECT_GT(usage->cpu, milliseconds(5));
  EXPECT_LT(usage->cpu, milliseconds(250));  // a tenth of a CPU, with room for slow clocks
}

TEST_F(CgroupKernelTest, TheProcessLimitRefusesToFork) {
  ASSERT_TRUE(group->Limit({.pids = 1}).has_value());
  auto guest = Guest::Make("/bin/true; exit 0");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  guest.Start();
  EXPECT_FALSE(guest.Wait().success());
}

TEST_F(CgroupKernelTest, AFrozenGroupStandsStillUntilItIsThawed) {
  auto guest = Guest::Make("exit 7");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  ASSERT_TRUE(group->Freeze().has_value());
  guest.Start();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_FALSE(guest.process.Poll().has_value());
  ASSERT_TRUE(group->Thaw().has_value());
  EXPECT_EQ(guest.Wait().value, 7);
}

TEST_F(CgroupKernelTest, RemoveKillsEveryMemberAndItsChildren) {
  auto guest = Guest::Make("sleep 1000 & sleep 1000 & wait");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  guest.Start();
  const auto end = std::chrono::steady_clock::now() + milliseconds(2000);
  while (group->Usage()->pids < 3 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_EQ(group->Usage()->pids, 3U);
  const auto members = group->Members();
  ASSERT_TRUE(members.has_value());
  EXPECT_EQ(members->size(), 3U);
  const auto removed = group->Remove(milliseconds(2000));
  ASSERT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(Leftovers(), 0);
  EXPECT_EQ(guest.Wait(), (ExitStatus{ExitStatus::Kind::kSignaled, SIGKILL}));
  EXPECT_TRUE(group->Remove(milliseconds(0)).has_value());
}

TEST_F(CgroupKernelTest, RemoveEndsAFrozenGroup) {
  auto guest = Guest::Make("exit 7");
  ASSERT_TRUE(group->Add(guest.process.pid()).has_value());
  ASSERT_TRUE(group->Freeze().has_value());
  EXPECT_TRUE(group->Remove(milliseconds(2000)).has_value());
}

TEST_F(CgroupKernelTest, ASweepEndsWhatADeadOwnerLeft) {
  auto groups = Cgroups::Find(parent);
  auto other = groups->Make("box-2");
  ASSERT_TRUE(other.has_value());
  auto running = Guest::Make("sleep 1000 & wait");
  auto frozen = Guest::Make("sleep 1000 & wait");
  ASSERT_TRUE(group->Add(running.process.pid()).has_value());
  ASSERT_TRUE((*other)->Add(frozen.process.pid()).has_value());
  running.Start();
  ASSERT_TRUE((*other)->Freeze().has_value());

  const auto swept = groups->Sweep(milliseconds(5000));
  ASSERT_TRUE(swept.has_value()) << swept.error().message;
  EXPECT_EQ(running.Wait().value, SIGKILL);
  EXPECT_EQ(frozen.Wait().value, SIGKILL);
  EXPECT_EQ(Leftovers(), 0);
  EXPECT_TRUE(groups->Sweep(milliseconds(5000)).has_value());
}

TEST_F(CgroupKernelTest, ASweepOfOneGroupLeavesItsNeighbours) {
  auto groups = Cgroups::Find(parent);
  auto other = groups->Make("box-2");
  ASSERT_TRUE(other.has_value());
  auto running = Guest::Make("sleep 1000 & wait");
  ASSERT_TRUE((*other)->Add(running.process.pid()).has_value());
  running.Start();
  EXPECT_FALSE(groups->SweepAt("no/path", milliseconds(5000)));
  const auto swept = groups->SweepAt((*other)->path(), milliseconds(5000));
  ASSERT_TRUE(swept.has_value()) << swept.error().message;
  EXPECT_EQ(running.Wait().value, SIGKILL);
  EXPECT_FALSE((*other)->Members());
  EXPECT_TRUE(group->Members());
  EXPECT_TRUE(groups->SweepAt((*other)->path(), milliseconds(5000)));
}

TEST_F(CgroupKernelTest, MakingAGroupTwiceIsAPreconditionFailure) {
  const auto again = Cgroups::Find(parent)->Make("box-1");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(group->Members().has_value());
}

}  // namespace
}  // namespace strata::host
