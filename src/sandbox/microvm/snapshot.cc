#include "sandbox/microvm/snapshot.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/byte_view.h"
#include "base/files.h"
#include "base/random.h"
#include "host/memfd.h"
#include "host/process.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestNamedId = 40;
constexpr std::chrono::minutes kMkfsPatience{10};
constexpr std::chrono::milliseconds kAskAgain{2};
constexpr std::size_t kEntropy = 64;

// In the worker's mount namespace. Two lower layers at least, or overlayfs refuses to show what the
// layers hide.
Result<void> MountLayers(const artifact::RootImage& root, const fs::path& at) {
  std::string layers;
  for (const std::string& layer : root.lower) layers += layer + ":";
  layers += (at / "empty").string();
  for (const char* name : {"empty", "root"}) {
    if (auto made = MakeDirectories(at / name, 0755); !made) return made;
  }
  const std::string options = "lowerdir=" + layers;
  if (::mount("overlay", (at / "root").c_str(), "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV,
              options.c_str()) != 0) {
    return FailErrno("mount the layers", errno);
  }
  return {};
}

Result<Fd> MakeFileSystem(const Shared& shared, const fs::path& at) {
  const fs::path disk = at / "disk";
  auto ran = host::RunToEnd({.program = shared.config.mkfs.string(),
                             .arguments = {"-x", "-1", disk.string(), (at / "root").string()},
                             .environment = {"PATH=/usr/bin:/bin"},
                             .privileges = host::Privileges::kKeep},
                            kMkfsPatience, Bytes::MiB(64));
  if (!ran) return std::unexpected(std::move(ran).error());
  if (!ran->status.success()) return Fail(Errc::kInternal, "mkfs.erofs: " + ran->err);
  // QEMU, which is not root, opens it anew through its descriptor.
  if (::chmod(disk.c_str(), 0644) != 0) return FailErrno("disk", errno);
  return OpenFile(disk, O_RDONLY);
}

// On the worker. Nothing of it has a name afterwards.
Result<Fd> MakeDisk(const Shared& shared, const artifact::RootImage& root,
                    const std::string& name) {
  const fs::path at = shared.config.state_root / name;
  if (auto made = MakeDirectories(at, 0700); !made) return std::unexpected(std::move(made).error());
  auto mounted = MountLayers(root, at);
  auto disk = mounted ? MakeFileSystem(shared, at) : std::unexpected(mounted.error());
  ::umount2((at / "root").c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  std::error_code ignored;
  fs::remove_all(at, ignored);
  return disk;
}

Result<Fd> MakeMemory(Bytes size) {
  auto memory = host::MakeMemfd("guest-memory");
  if (!memory) return memory;
  if (::ftruncate(memory->get(), static_cast<off_t>(size.count)) != 0) {
    return FailErrno("guest memory", errno);
  }
  return memory;
}

Awaitable<void> Pause(Loop& loop) {
  Timer timer(loop.get_executor());
  timer.expires_after(kAskAgain);
  co_await timer.async_wait(kAwait);
}

Task<Json> IgnoreMemory(Machine& machine) {
  Json arguments{
      {"capabilities", Json::array({{{"capability", "x-ignore-shared"}, {"state", true}}})}};
  co_return co_await machine.Execute("migrate-set-capabilities", std::move(arguments));
}

Task<Fd> Save(Shared& shared, Machine& machine) {
  auto state = host::MakeMemfd("machine-state");
  if (!state) co_return std::unexpected(std::move(state).error());
  auto done = co_await IgnoreMemory(machine);
  if (done) done = co_await machine.Execute("stop");
  Json named{{"fdname", "state"}};
  if (done) done = co_await machine.Execute("getfd", std::move(named), state->get());
  Json to{{"uri", "fd:state"}};
  if (done) done = co_await machine.Execute("migrate", std::move(to));
  while (done) {
    auto asked = co_await machine.Execute("query-migrate");
    if (!asked) co_return std::unexpected(std::move(asked).error());
    const std::string status = asked->value("status", "");
    if (status == "completed") co_return std::move(*state);
    if (status == "failed")
      co_return Fail(Errc::kInternal, "QEMU does not save: " + DumpJson(*asked));
    co_await Pause(shared.loop);
  }
  co_return std::unexpected(std::move(done).error());
}

Task<void> Resume(Shared& shared, Machine& machine, int state) {
  auto done = co_await IgnoreMemory(machine);
  Json named{{"fdname", "state"}};
  if (done) done = co_await machine.Execute("getfd", std::move(named), state);
  Json from{{"uri", "fd:state"}};
  if (done) done = co_await machine.Execute("migrate-incoming", std::move(from));
  while (done) {
    auto asked = co_await machine.Execute("query-status");
    if (!asked) co_return std::unexpected(std::move(asked).error());
    if (asked->value("status", "") != "inmigrate") break;
    co_await Pause(shared.loop);
  }
  if (done) done = co_await machine.Execute("cont");
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Result<void>{};
}

Wake MakeWake(const Clock& clock, std::string hostname) {
  SystemRandom random;
  std::array<std::byte, kEntropy> entropy{};
  random.Fill(entropy);
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock.WallNow().time_since_epoch());
  return {.wall_ns = std::max<std::int64_t>(now.count(), 0),
          .entropy = std::string(AsText(entropy)),
          .hostname = std::move(hostname)};
}

}  // namespace

std::string UniqueName(const std::string& id) {
  static std::atomic<std::uint64_t> made = 0;
  return "m-" + id.substr(0, kLongestNamedId) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++made);
}

Task<std::shared_ptr<const Snapshot>> MakeSnapshot(std::shared_ptr<Shared> shared,
                                                   artifact::RootImage root, Bytes size) {
  const std::string name = UniqueName("boot");
  std::move_only_function<Result<Fd>()> make = [&to = *shared, root = std::move(root), name] {
    return MakeDisk(to, root, name);
  };
  auto disk = co_await shared->worker->Run(std::move(make));
  if (!disk) co_return std::unexpected(std::move(disk).error());
  auto memory = MakeMemory(size);
  if (!memory) co_return std::unexpected(std::move(memory).error());
  MachineParts parts{.name = name, .disk = disk->get(), .memory = memory->get(), .size = size};
  ++shared->metrics.boots;
  auto machine = co_await Machine::Start(shared, std::move(parts));
  if (!machine) co_return std::unexpected(std::move(machine).error());
  auto ready = co_await (*machine)->Expect(FrameType::kReady, shared->config.boot_patience);
  if (!ready) co_return Wrap(std::move(ready).error(), "boot");
  auto state = co_await Save(*shared, **machine);
  if (!state) co_return std::unexpected(std::move(state).error());
  (*machine)->Kill();
  auto ended = co_await (*machine)->Wait();
  if (!ended) co_return std::unexpected(std::move(ended).error());
  for (const Fd* each : {&*memory, &*state}) {
    if (auto sealed = host::SealMemfd(each->get()); !sealed)
      co_return std::unexpected(std::move(sealed).error());
  }
  co_return std::make_shared<const Snapshot>(
      Snapshot{std::move(*disk), std::move(*memory), std::move(*state), size});
}

Task<std::shared_ptr<Machine>> Restore(std::shared_ptr<Shared> shared,
                                       std::shared_ptr<const Snapshot> snapshot, std::string name,
                                       std::string hostname) {
  MachineParts parts{.name = std::move(name),
                     .disk = snapshot->disk.get(),
                     .memory = snapshot->memory.get(),
                     .size = snapshot->size,
                     .incoming = true};
  ++shared->metrics.restores;
  auto machine = co_await Machine::Start(shared, std::move(parts));
  if (!machine) co_return machine;
  // Its own read position.
  auto state = OpenFile("/proc/self/fd/" + std::to_string(snapshot->state.get()), O_RDONLY);
  if (!state) co_return std::unexpected(std::move(state).error());
  if (auto resumed = co_await Resume(*shared, **machine, state->get()); !resumed) {
    co_return Wrap(std::move(resumed).error(), "restore");
  }
  (*machine)->Post(FrameType::kWake, WriteWake(MakeWake(shared->clock, std::move(hostname))));
  auto awake = co_await (*machine)->Expect(FrameType::kAwake, shared->config.restore_patience);
  if (!awake) co_return Wrap(std::move(awake).error(), "wake");
  co_return machine;
}

}  // namespace strata::sandbox::microvm
