// The part of the contract about directories that are the guest's to write: named volumes, tmpfs,
// directories of the host. A class that cannot show one refuses it, and makes nothing.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/files/loop_device.h"
#include "host/process/process.h"
#include "sandbox/abilities.h"
#include "tests/contract/driver_contract.h"
#include "tests/contract/served.h"

namespace strata::sandbox::contract {
namespace {

namespace fs = std::filesystem;
using model::DirGrant;
using Mode = DirGrant::Mode;

constexpr Bytes kSize = Bytes::MiB(16);

class VolumeContractTest : public DriverContractTest {
 protected:
  // False: the class refuses `dir`, as it should, and the test is over.
  bool Mounts(const DirGrant& dir) {
    if (harness_->mounts(dir)) return true;
    auto image = Prepare(Guest::kServer);
    const auto made = image->Create({.id = "box-1", .grants = {.dirs = {dir}}});
    EXPECT_EQ(made.error().code, Errc::kUnsupported) << made.error().message;
    const auto root = harness_->scratch_root();
    EXPECT_TRUE(root.empty() || !fs::exists(root) || fs::is_empty(root));
    return false;
  }

  // A file system as the manager makes it.
  std::string Volume(const std::string& name) const {
    const fs::path image = folder_.path() / name;
    std::ofstream(image).close();
    fs::resize_file(image, kSize.count);
    const auto made = host::RunToEnd(
        {.program = "/usr/sbin/mkfs.ext4", .arguments = {"-q", "-F", "-m", "0", image}},
        std::chrono::seconds(20), 64_KiB);
    EXPECT_TRUE(made && made->status.success());
    return image;
  }

  std::string Directory(const std::string& name) const {
    const fs::path directory = folder_.path() / name;
    fs::create_directory(directory);
    fs::permissions(directory, fs::perms::all);
    return directory;
  }

  struct Work {
    std::string verb;
    std::string path;
  };

  // Does each of `works` beside one server that sees `dirs`, or in a call of its own: their errnos.
  std::vector<int> Run(const std::vector<DirGrant>& dirs, const std::vector<Work>& works) {
    for (const DirGrant& dir : dirs) {
      const auto provided = harness_->Provide(dir);
      EXPECT_TRUE(provided) << provided.error().message;
    }
    Spec spec = ServerSpec("box-1");
    spec.grants.dirs = dirs;
    std::vector<int> codes;
    if (!harness_->serves()) {
      for (const Work& work : works) codes.push_back(Call(*MakeFor(work, spec)));
      return codes;
    }
    const Scenario scenario = [&](Served& served) -> Awaitable<void> {
      const bool ready = co_await served.Ready();
      EXPECT_TRUE(ready);
      for (const Work& work : works) {
        Program program{.args = {"/bin/guest", work.verb, work.path}};
        auto status = co_await RunBeside(*served, std::move(program));
        codes.push_back(status ? *status : -1);
      }
      const std::string answer = co_await served.Ask("/");
      EXPECT_EQ(answer, "hello");
    };
    WithServer(*this, scenario, spec);
    return codes;
  }

  // Of a class that does not serve: the sandbox of a guest that does `work`.
  std::unique_ptr<Sandbox> MakeFor(const Work& work, const Spec& spec) {
    auto artifact = harness_->FileArtifact(work.verb, fs::path(work.path).filename().string());
    auto image = driver_->Prepare(std::move(artifact).value());
    auto made = (*image)->Create(spec);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(made).value();
  }

  int Call(Sandbox& sandbox) {
    testing::CallFixture fixture(loop_, clock_);
    fixture.body.End();
    const auto exit = fixture.Run(sandbox.Invoke(fixture.call));
    return exit && exit->reason == model::ExitReason::kReturned ? harness_->ErrnoOf(exit->status)
                                                                : -1;
  }

  const strata::testing::TempDir folder_;
};

std::vector<std::string> Guests(const std::string& verb, const std::string& path) {
  return {"/bin/guest", verb, path};
}

TEST_P(VolumeContractTest, TheListOfWhatAClassCannotMountIsTrue) {
  const auto sandbox_class = model::ClassFromName(driver_->name());
  if (!sandbox_class) return;  // fake is no class of a user's
  const std::map<std::string_view, DirGrant> kinds = {
      {kNamedVolume, {.host = "/none", .guest = "/data", .mode = Mode::kVolume}},
      {kTmpfsVolume, {.guest = "/data", .mode = Mode::kScratch, .size = kSize}},
      {kWritableHostVolume, {.host = "/none", .guest = "/data", .mode = Mode::kReadWrite}},
  };
  for (const auto& [kind, dir] : kinds) {
    EXPECT_EQ(WhyNot(*sandbox_class, kind).empty(), harness_->mounts(dir)) << kind;
  }
}

TEST_P(VolumeContractTest, AVolumeOutlivesItsSandbox) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume)) return;
  volume.host = Volume("kept");
  EXPECT_EQ(Run({volume}, {{"write", "/data/new"}}), std::vector<int>{0});
  EXPECT_EQ(Run({volume}, {{"read", "/data/new"}, {"read", "/data/other"}}),
            (std::vector<int>{0, ENOENT}));
}

TEST_P(VolumeContractTest, AFullVolumeIsTheGuestsAffair) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume)) return;
  volume.host = Volume("full");
  EXPECT_EQ(Run({volume}, {{"fill", "/data/big"}, {"read", "/data/big"}}),
            (std::vector<int>{ENOSPC, 0}));
}

TEST_P(VolumeContractTest, AReadOnlyVolumeIsNotWritten) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolumeReadOnly};
  if (!Mounts(volume)) return;
  volume.host = Volume("read-only");
  DirGrant writable = volume;
  writable.mode = Mode::kVolume;
  EXPECT_EQ(Run({writable}, {{"write", "/data/old"}}), std::vector<int>{0});
  EXPECT_EQ(Run({volume}, {{"write", "/data/new"}, {"read", "/data/old"}}),
            (std::vector<int>{EROFS, 0}));
}

TEST_P(VolumeContractTest, SandboxesShareAVolumeOrTheSecondIsRefused) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume)) return;
  volume.host = Volume("shared");
  Spec other = ServerSpec("box-2");
  other.grants.dirs = {volume};
  if (!harness_->serves()) {
    ASSERT_TRUE(harness_->Provide(volume));
    Spec spec = ServerSpec("box-1");
    spec.grants.dirs = {volume};
    const auto reads = MakeFor({"read", "/data/new"}, spec);
    const auto writes = MakeFor({"write", "/data/new"}, other);
    EXPECT_EQ(Call(*writes), 0);
    EXPECT_EQ(Call(*reads), 0);
    return;
  }
  const Scenario scenario = [&](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    auto image = Prepare(Guest::kServer);
    Spec spec = ServerSpec("box-1");
    spec.grants.dirs = {volume};
    auto made = image->Create(spec);
    if (!made) co_return ADD_FAILURE() << made.error().message;
    Served second(*this, std::move(*made));
    const bool both = co_await second.Ready();
    EXPECT_EQ(both, harness_->shares_volumes());
    if (!both) {
      const auto end = co_await second.End();
      EXPECT_TRUE(!end && end.error().code == Errc::kFailedPrecondition) << end.error().message;
      const std::string answer = co_await served.Ask("/");
      EXPECT_EQ(answer, "hello");
      co_return;
    }
    Program writes{.args = Guests("write", "/data/new")};
    auto wrote = co_await RunBeside(*second, std::move(writes));
    EXPECT_TRUE(wrote && *wrote == 0);
    Program reads{.args = Guests("read", "/data/new")};
    auto read = co_await RunBeside(*served, std::move(reads));
    EXPECT_TRUE(read && *read == 0) << (read ? *read : -1);
    co_await second.Finish();
  };
  WithServer(*this, scenario, other);
}

TEST_P(VolumeContractTest, BlocksThatAMachineWroteAreNotMountedByTheHost) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume)) return;
  volume.host = Volume("used");
  EXPECT_EQ(Run({volume}, {{"write", "/data/new"}}), std::vector<int>{0});
  EXPECT_EQ(host::CheckMountable(volume.host).has_value(), harness_->shares_volumes());
  volume.host = Volume("written");
  {
    const auto drive = host::OpenAsDrive(volume.host, host::DriveAccess::kWrite);
    ASSERT_TRUE(drive && host::MarkWritten(drive->get()));
  }
  if (!harness_->shares_volumes()) {
    EXPECT_EQ(Run({volume}, {{"write", "/data/new"}}), std::vector<int>{0});
    return;
  }
  auto image = Prepare(Guest::kServer);
  Spec spec = ServerSpec("box-1");
  spec.grants.dirs = {volume};
  const auto provided = harness_->Provide(volume);
  const auto made = provided ? image->Create(spec) : std::unexpected(provided.error());
  EXPECT_EQ(made.error().code, Errc::kFailedPrecondition) << made.error().message;
}

TEST_P(VolumeContractTest, AMachineThatDoesNotGetOneVolumeLeavesTheOthersAsTheyWere) {
  DirGrant free{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(free) || harness_->shares_volumes()) return;
  free.host = Volume("free");
  DirGrant busy = free;
  busy.host = Volume("busy");
  busy.guest = "/more";
  const auto held = host::OpenAsDrive(busy.host, host::DriveAccess::kWrite);
  ASSERT_TRUE(held) << held.error().message;
  Spec spec = ServerSpec("box-1");
  spec.grants.dirs = {free, busy};
  auto made = Prepare(Guest::kServer)->Create(spec);
  ASSERT_TRUE(made) << made.error().message;
  testing::CallFixture fixture(loop_, clock_);
  const auto served = fixture.Run((*made)->Serve());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code, Errc::kFailedPrecondition) << served.error().message;
  EXPECT_TRUE(host::CheckMountable(free.host));
}

// "Max file size" of whoever has `file` open beside this process; empty: nobody has.
std::string LimitOfItsHolder(const fs::path& file) {
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc")) {
    if (process.path().filename() == std::to_string(::getpid())) continue;
    for (const auto& fd : fs::directory_iterator(process.path() / "fd", gone)) {
      if (fs::read_symlink(fd.path(), gone) != file) continue;
      const auto limits = ReadFile(process.path() / "limits", 16_KiB).value_or("");
      std::istringstream line(limits.substr(limits.find("Max file size") + 13));
      std::string soft;
      line >> soft;
      return soft;
    }
  }
  return "";
}

TEST_P(VolumeContractTest, AMachineThatWasTakenOverCannotGrowItsVolumeWithoutBound) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume) || harness_->shares_volumes()) return;
  volume.host = Volume("bounded");
  Spec spec = ServerSpec("box-1");
  spec.grants.dirs = {volume};
  const Scenario scenario = [&](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const std::string limit = LimitOfItsHolder(volume.host);
    EXPECT_TRUE(!limit.empty() && limit != "unlimited") << limit;
  };
  WithServer(*this, scenario, spec);
}

TEST_P(VolumeContractTest, ASandboxWithAVolumeIsNotSaved) {
  DirGrant volume{.host = "/none", .guest = "/data", .mode = Mode::kVolume};
  if (!Mounts(volume)) return;
  volume.host = Volume("unsaved");
  ASSERT_TRUE(harness_->Provide(volume));
  Spec spec = ServerSpec("box-1");
  spec.grants.dirs = {volume};
  const Scenario scenario = [](Served& served) -> Awaitable<void> {
    const bool ready = co_await served.Ready();
    EXPECT_TRUE(ready);
    const auto saved = co_await (*served).Snapshot();
    EXPECT_TRUE(!saved && saved.error().code == Errc::kUnsupported);
    const auto paused = co_await (*served).Pause();
    EXPECT_TRUE(paused);
    const auto resumed = co_await (*served).Resume();
    EXPECT_TRUE(resumed);
    Program writes{.args = Guests("write", "/data/new")};
    auto wrote = co_await RunBeside(*served, std::move(writes));
    EXPECT_TRUE(wrote && *wrote == 0);
  };
  WithServer(*this, scenario, spec);
}

TEST_P(VolumeContractTest, AScratchDirectoryHasItsSize) {
  const DirGrant scratch{.guest = "/scratch", .mode = Mode::kScratch, .size = Bytes::MiB(4)};
  if (!Mounts(scratch)) return;
  EXPECT_EQ(Run({scratch}, {{"fill", "/scratch/big"}}), std::vector<int>{ENOSPC});
  EXPECT_EQ(Run({scratch}, {{"read", "/scratch/big"}}), std::vector<int>{ENOENT});
}

TEST_P(VolumeContractTest, GrantedDirectoriesAreShownOrRefused) {
  const DirGrant scratch{.guest = "/scratch", .mode = Mode::kScratch};
  if (Mounts(scratch)) {
    EXPECT_EQ(Run({scratch}, {{"write", "/scratch/new"}}), std::vector<int>{0});
  }
  DirGrant directory{.host = Directory("granted"), .guest = "/host", .mode = Mode::kReadOnly};
  if (!Mounts(directory)) return;
  std::ofstream(fs::path(directory.host) / "file") << "x";
  EXPECT_EQ(Run({directory}, {{"read", "/host/file"}}), std::vector<int>{0});
}

TEST_P(VolumeContractTest, ADirectoryOfTheHostIsWrittenWhereItMayBe) {
  DirGrant directory{.host = "/none", .guest = "/host", .mode = Mode::kReadWrite};
  if (!Mounts(directory)) return;
  directory.host = Directory("here");
  DirGrant read_only = directory;
  read_only.guest = "/other";
  read_only.mode = Mode::kReadOnly;
  EXPECT_EQ(Run({directory, read_only},
                {{"write", "/host/new"}, {"write", "/other/more"}, {"read", "/other/new"}}),
            (std::vector<int>{0, EROFS, 0}));
  // What root inside has made is root's, whoever that is on the host.
  struct stat made = {};
  ASSERT_EQ(::stat((fs::path(directory.host) / "new").c_str(), &made), 0);
  EXPECT_EQ(made.st_uid, 0U);
  EXPECT_EQ(made.st_gid, 0U);
}

TEST_P(VolumeContractTest, ALinkOnTheWayToADirectoryIsNotFollowed) {
  DirGrant directory{.host = "/none", .guest = "/host", .mode = Mode::kReadWrite};
  if (!Mounts(directory)) return;
  Directory("real");
  fs::create_directory_symlink(folder_.path() / "real", folder_.path() / "link");
  directory.host = folder_.path() / "link";
  Spec spec = ServerSpec("box-1");
  spec.grants.dirs = {directory};
  auto made = Prepare(Guest::kServer)->Create(spec);
  ASSERT_TRUE(made) << made.error().message;
  testing::CallFixture fixture(loop_, clock_);
  const auto served = fixture.Run((*made)->Serve());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code, Errc::kInvalidArgument) << served.error().message;
}

INSTANTIATE_TEST_SUITE_P(Drivers, VolumeContractTest,
                         ::testing::ValuesIn(Harnesses().begin(), Harnesses().end()),
                         [](const auto& info) { return TestName(info.param); });

}  // namespace
}  // namespace strata::sandbox::contract
