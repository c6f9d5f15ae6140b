// What only this class promises; tests/contract has the rest. Real containers: needs root.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/fd.h"
#include "sandbox/container/driver.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/testing/root.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::container {
namespace {

namespace fs = std::filesystem;
using model::ExitReason;
using sandbox::testing::After;
using sandbox::testing::CallFixture;

class ContainerSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!root.Missing().empty()) GTEST_SKIP() << root.Missing();
    // What a runtime that does not work here left of itself while it was tried out.
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    auto made = oci::OciDriver::Create(loop, clock, root.config());
    ASSERT_TRUE(made.has_value()) << made.error().message;
    driver = std::move(*made);
  }
  void TearDown() override {
    if (!driver) return;
    EXPECT_TRUE(driver->Probe().has_value());  // the worker has done what came before
    driver.reset();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process is left";
    EXPECT_TRUE(fs::is_empty(root.state_root()));
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup")) {
      EXPECT_FALSE(fs::exists(hierarchy.path() / root.CgroupParent())) << hierarchy.path();
    }
  }

  std::shared_ptr<Image> Prepare(std::vector<std::string> arguments) {
    auto image = driver->Prepare(root.Artifact(std::move(arguments)).value());
    EXPECT_TRUE(image.has_value()) << image.error().message;
    return std::move(image).value();
  }
  // Runs the guest once; what it printed is in `answer`.
  Result<model::Exit> Run(std::vector<std::string> arguments, const Spec& spec = {.id = "box"}) {
    auto sandbox = Prepare(std::move(arguments))->Create(spec);
    EXPECT_TRUE(sandbox.has_value()) << sandbox.error().message;
    CallFixture fixture(loop, clock);
    fixture.body.End();
    auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
    EXPECT_TRUE(exit.has_value()) << exit.error().message;
    answer = fixture.sink.text();
    status = fixture.sink.status();
    return exit;
  }

  const oci::testing::GuestRoot root{ChooseRuntime};
  Loop loop;
  ManualClock clock;
  std::unique_ptr<oci::OciDriver> driver;
  std::string answer;
  int status = 0;
};

TEST_F(ContainerSandboxTest, TheGuestHasNoPrivilegeAndNoOpenDescriptor) {
  ASSERT_TRUE(Run({"confinement"}).has_value());
  for (const std::string& fact : std::vector<std::string>{
           "CapEff=0", "CapBnd=0", "NoNewPrivs=1", "Seccomp=2", "pid=1",
           "mount=" + std::to_string(EPERM), "unshare=" + std::to_string(EPERM),
           "unknown=" + std::to_string(ENOSYS), "masked=0", "open=3", "core=0"}) {
    EXPECT_NE(("\n" + answer).find("\n" + fact + "\n"), std::string::npos) << fact << " not in:\n"
                                                                           << answer;
  }
}

// A user of the host's is stopped by the file's owner, before anybody asks whether the mount may be
// written; root of the host only by the mount.
TEST_F(ContainerSandboxTest, KernelOptionsAreNotTheGuestsToWrite) {
  ASSERT_TRUE(Run({"confinement"}).has_value());
  const int refusal = root.config().users ? EACCES : EROFS;
  EXPECT_NE(answer.find("\nsysctl=" + std::to_string(refusal) + "\n"), std::string::npos) << answer;
}

// The kernel's own answer, without anything of ours: a mount of `directory` can be mapped.
bool KernelMaps(const fs::path& directory) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) != 0 || ::raise(SIGSTOP) != 0);
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  const std::string proc = "/proc/" + std::to_string(child);
  for (const char* map : {"/uid_map", "/gid_map"}) std::ofstream(proc + map) << "0 1879048192 9";
  const Fd users(::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd tree(::open_tree(AT_FDCWD, directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  mount_attr mapped{};
  mapped.attr_set = MOUNT_ATTR_IDMAP;
  mapped.userns_fd = static_cast<std::uint64_t>(users.get());
  const int done = ::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &mapped, sizeof(mapped));
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return done == 0;
}

TEST_F(ContainerSandboxTest, WhereTheKernelCanContainersHaveUsers) {
  utsname system{};
  ::uname(&system);
  int major = 0;
  int minor = 0;
  std::sscanf(system.release, "%d.%d", &major, &minor);
  if (std::pair(major, minor) < std::pair(5, 19)) GTEST_SKIP() << system.release;
  // The image the class is tried with, and where sandboxes lie.
  if (!KernelMaps("/") || !KernelMaps(root.path())) GTEST_SKIP() << "no mapped mounts here";
  EXPECT_TRUE(root.config().users) << root.config().without_users;
}

// The other tests of users also say what is so on a host that has no user namespaces for
// containers.
TEST_F(ContainerSandboxTest, RootInsideIsAnOrdinaryUserOfTheHost) {
  ASSERT_TRUE(Run({"confinement"}).has_value());
  const auto users = root.config().users;
  const std::string first = std::to_string(users ? users->first() : 0);
  EXPECT_NE(answer.find("\nroot=" + first + "\n"), std::string::npos) << answer;
}

TEST_F(ContainerSandboxTest, AnImagesUserBeyondThoseOfAContainerIsRefused) {
  artifact::RootImage image = root.Image({"hello"});
  image.uid = 65'536;
  auto fd = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(image)));
  const auto refused = driver->Prepare(std::move(fd).value()).value()->Create({.id = "box"});
  ASSERT_EQ(refused.has_value(), root.config().users == nullptr);
  if (refused) return;
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
}

TEST_F(ContainerSandboxTest, ADirectoryThatCannotBeMappedIsRefused) {
  const Spec spec{.id = "box", .grants = {.dirs = {{.host = "/proc", .guest = "/data"}}}};
  const auto refused = Prepare({"hello"})->Create(spec);
  ASSERT_EQ(refused.has_value(), root.config().users == nullptr);
  if (refused) return;
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
  EXPECT_NE(refused.error().message.find("'/proc'"), std::string::npos) << refused.error().message;
}

TEST_F(ContainerSandboxTest, WithoutUserNamespacesContainersRunAndItIsSaid) {
  auto config = root.config();
  const strata::testing::TempDir folder;
  config.state_root = folder / "overlay";
  // The kernel maps no overlayfs. In a mount namespace of this thread's, which the driver's worker
  // gets as its own.
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, nullptr), 0);
  std::string options;
  for (const std::string name : {"lower", "upper", "work", "overlay"}) {
    fs::create_directory(folder / name);
    if (name != "overlay") options += "," + name + "dir=" + (folder / name).string();
  }
  ASSERT_EQ(::mount("overlay", config.state_root.c_str(), "overlay", 0, options.c_str() + 1), 0);
  const auto chosen = ChooseRuntime(config);
  ::umount2(config.state_root.c_str(), MNT_DETACH);
  ::umount2(folder.path().c_str(), MNT_DETACH);
  ASSERT_TRUE(chosen.has_value()) << chosen.error().message;
  EXPECT_FALSE(chosen->users);
  EXPECT_NE(chosen->without_users, "");
}

TEST_F(ContainerSandboxTest, WhatFailsCostsNoUsers) {
  auto config = root.config();
  if (!config.users) GTEST_SKIP() << config.without_users;
  config.roots = "/proc/no-place";  // a failure, not the kernel's word
  const auto chosen = ChooseRuntime(config);
  ASSERT_FALSE(chosen.has_value());
  EXPECT_EQ(chosen.error().code, Errc::kNotFound) << chosen.error().message;
}

TEST_F(ContainerSandboxTest, TheExitStatusIsTheGuests) {
  const auto exit = Run({"exit", "7"});
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, ExitReason::kReturned);
  EXPECT_EQ(exit->status, 7);
  EXPECT_EQ(status, 500);  // failed without a word
}

TEST_F(ContainerSandboxTest, TheRequestAndTheSpecAreInTheEnvironment) {
  ASSERT_TRUE(Run({"getenv", "REQUEST_METHOD"}).has_value());
  EXPECT_EQ(answer, "POST");
  ASSERT_TRUE(Run({"getenv", "COLOR"}, {.id = "box", .env = {{"COLOR", "red"}}}).has_value());
  EXPECT_EQ(answer, "red");
}

TEST_F(ContainerSandboxTest, WritesGoToThePrivateLayerAndNowhereElse) {
  const auto exit = Run({"write", "/bin/new"});
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->status, 0);
  EXPECT_FALSE(fs::exists(root.path() / "bin/new"));
}

TEST_F(ContainerSandboxTest, NobodyElseSeesTheRootFileSystem) {
  auto sandbox = Prepare({"count"})->Create({.id = "box"});
  ASSERT_TRUE(sandbox.has_value());
  CallFixture fixture(loop, clock);
  fixture.body.End();
  ASSERT_TRUE(fixture.Run((*sandbox)->Invoke(fixture.call)).has_value());
  int directories = 0;
  for (const auto& entry : fs::directory_iterator(root.state_root())) {
    ++directories;
    EXPECT_TRUE(fs::is_empty(entry.path()));
  }
  EXPECT_EQ(directories, 1);
}

TEST_F(ContainerSandboxTest, AGrantedDirectoryCanBeReadAndNotWritten) {
  const strata::testing::TempDir data;
  ::chmod(data.path().c_str(), 0755);
  std::ofstream(data / "file") << "x";
  Spec spec{.id = "box"};
  spec.grants.dirs = {{.host = data.path(), .guest = "/data"}, {.guest = "/scratch"}};
  spec.grants.dirs.back().mode = model::DirGrant::Mode::kScratch;
  EXPECT_EQ(Run({"read", "/data/file"}, spec)->status, 0);
  EXPECT_EQ(Run({"write", "/data/new"}, spec)->status, EROFS);
  EXPECT_EQ(Run({"write", "/scratch/new"}, spec)->status, 0);
  EXPECT_EQ(Run({"read", "/data/file"})->status, ENOENT);
}

// Lets the call's time run out once a process has been refused; it starts slowly in an emulated
// machine, so not by the clock on the wall.
Awaitable<void> EndOnceRefused(Loop& loop, ManualClock& clock, const std::string& answer,
                               std::chrono::milliseconds timeout) {
  constexpr int kLooks = 6000;  // bounds a broken test, never a passing one
  Timer timer(loop.get_executor());
  for (int i = 0; i < kLooks && answer.find("refused") == std::string::npos; ++i) {
    timer.expires_after(std::chrono::milliseconds(10));
    co_await timer.async_wait(kAwait);
  }
  clock.Advance(timeout);
}

TEST_F(ContainerSandboxTest, AForkBombIsBoundedAndEnds) {
  Spec spec{.id = "box"};
  spec.limits.timeout = std::chrono::milliseconds(1500);
  auto sandbox = Prepare({"fork"})->Create(spec);
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
  CallFixture fixture(loop, clock);
  fixture.body.End();
  Spawn(loop, EndOnceRefused(loop, clock, fixture.sink.text(), spec.limits.timeout));
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_TRUE(exit.has_value()) << exit.error().message;
  EXPECT_NE(fixture.sink.text().find("refused"), std::string::npos);
}

TEST_F(ContainerSandboxTest, StoppedAtAnyMomentOfItsStartItLeavesNothing) {
  auto image = Prepare({"spin"});
  for (int delay = 0; delay < 60; delay += 5) {
    auto sandbox = image->Create({.id = "box"});
    ASSERT_TRUE(sandbox.has_value());
    CallFixture fixture(loop, clock);
    fixture.body.End();
    After(loop, std::chrono::milliseconds(delay), [&] { (*sandbox)->Stop(); });
    const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
    ASSERT_TRUE(exit.has_value()) << exit.error().message;
    EXPECT_EQ(exit->reason, ExitReason::kStopped) << exit->detail;
  }
}

TEST_F(ContainerSandboxTest, AProgramThatIsNotThereIsOurFailureAndSaysSo) {
  artifact::RootImage image = root.Image({});
  image.args = {"/bin/missing"};
  auto fd = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(image)));
  auto sandbox = driver->Prepare(std::move(fd).value()).value()->Create({.id = "box"});
  ASSERT_TRUE(sandbox.has_value());
  CallFixture fixture(loop, clock);
  fixture.body.End();
  const auto exit = fixture.Run((*sandbox)->Invoke(fixture.call));
  ASSERT_FALSE(exit.has_value());
  EXPECT_EQ(exit.error().code, Errc::kInternal);
  EXPECT_NE(exit.error().message.find("/bin/missing"), std::string::npos) << exit.error().message;
}

TEST_F(ContainerSandboxTest, WhatCannotBeEnforcedIsRefusedBeforeAnythingIsMade) {
  auto image = Prepare({"hello"});
  std::vector<Spec> specs(4, Spec{.id = "box"});
  specs[0].limits.memory = 4_MiB;
  specs[1].limits.table_elements = 5;
  specs[2].grants.http = {{.host = "example.com"}};
  specs[3].grants.dirs = {{.host = "/usr", .guest = "/proc/x"}};
  for (const Spec& spec : specs) {
    const auto refused = image->Create(spec);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kUnsupported);
  }
  EXPECT_EQ(driver->metrics().sandboxes, 0U);
  EXPECT_TRUE(!fs::exists(root.state_root()) || fs::is_empty(root.state_root()));
}

TEST_F(ContainerSandboxTest, AMissingLayerIsNotFound) {
  artifact::RootImage image = root.Image({});
  image.lower = {"/nonexistent"};
  auto fd = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(image)));
  const auto refused = driver->Prepare(std::move(fd).value());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kNotFound);
}

TEST_F(ContainerSandboxTest, ADriverWithoutARuntimeIsRefused) {
  auto config = root.config();
  config.runtime = "";
  EXPECT_EQ(oci::OciDriver::Create(loop, clock, config).error().code, Errc::kInvalidArgument);
  config.runtime = "/nonexistent";
  EXPECT_EQ(oci::OciDriver::Create(loop, clock, config).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::sandbox::container
