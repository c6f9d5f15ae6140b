#include "host/process/memory.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

class MemoryTest : public ::testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  const strata::testing::TempDir dir_;
  const fs::path root_ = dir_.path();
};

TEST_F(MemoryTest, WhatTheKernelHasAvailable) {
  Write("proc/meminfo", "MemTotal:  4096 kB\nMemAvailable:   1024 kB\n");
  EXPECT_EQ(FreeMemory(root_), Bytes::MiB(1));
}

TEST_F(MemoryTest, NoMoreThanAnyGroupAboveUsHasLeft) {
  Write("proc/meminfo", "MemAvailable: 1048576 kB\n");
  Write("proc/self/cgroup", "0::/a/b\n");
  Write("sys/fs/cgroup/a/b/memory.max", "max\n");
  Write("sys/fs/cgroup/a/b/memory.current", "1000\n");
  EXPECT_EQ(FreeMemory(root_), Bytes::MiB(1024));
  Write("sys/fs/cgroup/a/memory.max", "5000\n");
  Write("sys/fs/cgroup/a/memory.current", "3000\n");
  Write("sys/fs/cgroup/a/memory.stat", "anon 2000\ninactive_file 500\n");
  EXPECT_EQ(FreeMemory(root_), Bytes{2500}) << "caches are dropped";
  Write("sys/fs/cgroup/a/memory.current", "9000\n");
  EXPECT_EQ(FreeMemory(root_), Bytes{0});
}

TEST_F(MemoryTest, OfTheFirstVersionTheMemoryControllersGroup) {
  Write("proc/self/cgroup", "9:name=systemd:/other\n4:cpu,memory:/a\n0::/\n");
  Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "5000\n");
  Write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "3000\n");
  Write("sys/fs/cgroup/memory/a/memory.stat", "total_inactive_file 1000\n");
  EXPECT_EQ(FreeMemory(root_), Bytes{3000});
}

TEST_F(MemoryTest, WhereNothingSaysNothingIsBounded) {
  EXPECT_EQ(FreeMemory(root_), Bytes{UINT64_MAX});
}

TEST_F(MemoryTest, ThisHostHasSome) {
  EXPECT_GT(FreeMemory(), Bytes::MiB(1));
  EXPECT_LT(FreeMemory(), Bytes{UINT64_MAX});
}

}  // namespace
}  // namespace strata::host
