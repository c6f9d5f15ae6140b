#include "host/files/sweep.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kPrograms = {"strata-sweep-a", "strata-sweep-b"};
constexpr std::chrono::seconds kLong(60);

// Copies of the shell stand in for our programs: only the file name and the arguments count.
class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"strata-sweep-a", "strata-sweep-b", "another"}) {
      fs::copy_file(fs::canonical("/bin/sh"), root_ / name);
    }
    instance_ = "sweep" + std::to_string(::getpid());
    ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
  }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  // A process that waits for its stdin, which never comes.
  Process Start(const std::string& name, const std::string& argument) {
    auto process = Process::Spawn({.program = root_ / name,
                                   .arguments = {"-c", "read line", "name", argument},
                                   .stdin_fd = ends_[0]});
    EXPECT_TRUE(process) << process.error().message;
    return std::move(*process);
  }

  std::vector<ProcessId> Find() {
    auto found = FindInstanceProcesses(instance_, kPrograms);
    EXPECT_TRUE(found) << found.error().message;
    std::vector<ProcessId> ids;
    for (const FoundProcess& process : *found) ids.push_back(process.id);
    return ids;
  }

  const testing::TempDir root_;
  std::string instance_;
  std::array<int, 2> ends_ = {-1, -1};
};

TEST_F(SweepTest, FindsThisInstancesProgramsAndNoOthers) {
  const Process ours = Start("strata-sweep-a", "--instance=" + instance_);
  const Process also = Start("strata-sweep-b", "--instance=" + instance_);
  const Process other_program = Start("another", "--instance=" + instance_);
  const Process other_instance = Start("strata-sweep-a", "--instance=" + instance_ + "x");
  const Process no_instance = Start("strata-sweep-a", "x--instance=" + instance_);
  auto found = Find();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(std::ranges::find(found, ours.id()), found.end());
  EXPECT_NE(std::ranges::find(found, also.id()), found.end());
}

TEST_F(SweepTest, FindsAProgramThatWasReplacedOnDisk) {
  const Process ours = Start("strata-sweep-a", "--instance=" + instance_);
  fs::remove(root_ / "strata-sweep-a");
  EXPECT_EQ(Find(), std::vector{ours.id()});
}

TEST_F(SweepTest, EndsWhatItFound) {
  Process ours = Start("strata-sweep-a", "--instance=" + instance_);
  Process other = Start("another", "--instance=" + instance_);
  const auto found = FindInstanceProcesses(instance_, kPrograms);
  ASSERT_TRUE(found);
  ASSERT_TRUE(EndProcesses(*found, kLong));
  EXPECT_TRUE(ours.Poll());
  EXPECT_FALSE(other.Poll());
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(EndProcesses(*found, kLong)) << "again, when all are gone";
}

TEST_F(SweepTest, NeverEndsAProcessThatOnlyHasTheSamePid) {
  Process other = Start("another", "x");
  FoundProcess stale{.id = other.id(), .program = "strata-sweep-a", .arguments = {}};
  stale.id.start_time -= 1;
  ASSERT_TRUE(EndProcesses(std::array{stale}, kLong));
  EXPECT_FALSE(other.Poll());
}

}  // namespace
}  // namespace strata::host
