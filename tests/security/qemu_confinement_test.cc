// What a taken-over QEMU could reach by path: asked of a real one, through its own monitor.
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/confine/landlock.h"
#include "host/files/memfd.h"
#include "sandbox/microvm/machine/machine.h"
#include "tests/support/run_on.h"

namespace strata::sandbox::microvm {
namespace {

constexpr Bytes kMemory = Bytes::MiB(128);

class QemuConfinementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "microVMs need root";
    if (std::string_view(STRATA_AGENT_PROGRAM).empty()) GTEST_SKIP() << "no static agent";
    if (const auto abi = host::LandlockAbi(); !abi) GTEST_SKIP() << abi.error().message;
    Config config{.agent = STRATA_AGENT_PROGRAM};
    if (::access(config.qemu.c_str(), X_OK) != 0) GTEST_SKIP() << "no QEMU";
    auto kernel = LoadGuestKernel(config);
    if (!kernel) GTEST_SKIP() << kernel.error().message;
    auto groups = host::Cgroups::Find("strata-qemu-" + std::to_string(::getpid()));
    ASSERT_TRUE(groups) << groups.error().message;
    auto worker = Worker::Start();
    ASSERT_TRUE(worker) << worker.error().message;
    shared_.reset(new Shared{.loop = loop_,
                             .clock = clock_,
                             .config = config,
                             .groups = std::move(*groups),
                             .kernel = std::move(*kernel),
                             .tsc_khz = "2000000",
                             .metrics = {},
                             .worker = std::move(*worker)});
    ASSERT_TRUE(WriteFileAtomic(folder_ / "disk", std::string(4096, '\0')));
    ASSERT_TRUE(WriteFileAtomic(folder_ / "other", std::string(4096, '\0')));
    // What follows is the rules' doing, not that of the files' modes.
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod((folder_ / "disk").c_str(), 0666), 0);
    ASSERT_EQ(::chmod((folder_ / "other").c_str(), 0644), 0);
    Start();
  }

  void Start() {
    auto disk = OpenFile((folder_ / "disk").string(), O_RDONLY);
    ASSERT_TRUE(disk);
    auto memory = host::MakeMemfd("guest-memory");
    ASSERT_TRUE(memory);
    ASSERT_EQ(::ftruncate(memory->get(), static_cast<off_t>(kMemory.count)), 0);
    auto machine = testing::RunOn(loop_, Machine::Start(shared_, {.name = "m-confined",
                                                                  .disk = disk->get(),
                                                                  .memory = memory->get(),
                                                                  .size = kMemory,
                                                                  .incoming = true,
                                                                  .writes_memory = true}));
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }

  // What QEMU answers when its monitor asks it to open `path`; empty: it did.
  std::string Open(const std::string& path) {
    Json disk{{"driver", "file"},
              {"node-name", "n" + std::to_string(++nodes_)},
              {"read-only", true},
              {"filename", path}};
    auto done = testing::RunOn(loop_, machine_->Execute("blockdev-add", std::move(disk)));
    return done ? "" : done.error().message;
  }

  Loop loop_;
  const SystemClock clock_;
  const strata::testing::TempDir folder_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Machine> machine_;
  int nodes_ = 0;
};

TEST_F(QemuConfinementTest, ItOpensItsDiskAndNoOtherFile) {
  EXPECT_EQ(Open((folder_ / "disk").string()), "");
  EXPECT_NE(Open((folder_ / "other").string()).find("Permission denied"), std::string::npos);
  EXPECT_NE(Open("/etc/hostname").find("Permission denied"), std::string::npos);
  EXPECT_NE(Open("/proc/cpuinfo").find("Permission denied"), std::string::npos);
}

TEST_F(QemuConfinementTest, ItWritesNowhere) {
  Json disk{{"driver", "file"},
            {"node-name", "written"},
            {"read-only", false},
            {"filename", (folder_ / "disk").string()}};
  auto done = testing::RunOn(loop_, machine_->Execute("blockdev-add", std::move(disk)));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("Permission denied"), std::string::npos)
      << done.error().message;
}

}  // namespace
}  // namespace strata::sandbox::microvm
