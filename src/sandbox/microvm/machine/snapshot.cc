#include "sandbox/microvm/machine/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/random.h"
#include "base/text/byte_view.h"
#include "host/files/memfd.h"
#include "sandbox/egress/plan.h"
#include "sandbox/microvm/machine/disk.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::size_t kLongestNamedId = 40;
constexpr std::chrono::milliseconds kAskAgain{2};
constexpr std::size_t kEntropy = 64;

Awaitable<void> Pause(Loop& loop) {
  Timer timer(loop.get_executor());
  timer.expires_after(kAskAgain);
  co_await timer.async_wait(kAwait);
}

// Whether a state leaves out memory that is a shared file; both sides have to say the same.
Task<Json> SetIgnoreMemory(Machine& machine, bool ignore) {
  Json arguments{
      {"capabilities", Json::array({{{"capability", "x-ignore-shared"}, {"state", ignore}}})}};
  co_return co_await machine.Execute("migrate-set-capabilities", std::move(arguments));
}

// Leaves the machine standing still.
Task<Fd> Save(Shared& shared, Machine& machine, bool ignore_memory) {
  auto state = host::MakeMemfd("machine-state");
  if (!state) co_return std::unexpected(std::move(state).error());
  auto done = co_await SetIgnoreMemory(machine, ignore_memory);
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

// Leaves the machine standing still, as it was saved. It reads the state from its beginning.
Task<void> Load(Shared& shared, Machine& machine, const Fd& saved) {
  auto state = OpenFile("/proc/self/fd/" + std::to_string(saved.get()), O_RDONLY);
  if (!state) co_return std::unexpected(std::move(state).error());
  Json named{{"fdname", "state"}};
  auto done = co_await machine.Execute("getfd", std::move(named), state->get());
  Json from{{"uri", "fd:state"}};
  if (done) done = co_await machine.Execute("migrate-incoming", std::move(from));
  while (done) {
    auto asked = co_await machine.Execute("query-status");
    if (!asked) co_return std::unexpected(std::move(asked).error());
    if (asked->value("status", "") != "inmigrate") break;
    co_await Pause(shared.loop);
  }
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Result<void>{};
}

// Ends `machine`, whose state has been saved and whose memory is `memory`.
Task<std::shared_ptr<const Snapshot>> Seal(Machine& machine, Snapshot snapshot) {
  machine.Kill();
  auto ended = co_await machine.Wait();
  if (!ended) co_return std::unexpected(std::move(ended).error());
  for (const Fd* each : {&snapshot.memory, &snapshot.state}) {
    if (auto sealed = host::SealMemfd(each->get()); !sealed)
      co_return std::unexpected(std::move(sealed).error());
  }
  co_return std::make_shared<const Snapshot>(std::move(snapshot));
}

// Gives back the pages of a memory file that hold zeros only, as those never written do once they
// were read.
Result<void> PunchZeros(int memory, Bytes size) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kBlock = 256 * kPage;
  static constexpr std::array<char, kPage> kZeros{};
  std::vector<char> block(kBlock);
  for (std::size_t at = 0; at < size.count; at += kBlock) {
    const ssize_t got = ::pread(memory, block.data(), kBlock, static_cast<off_t>(at));
    if (got < 0) return FailErrno("guest memory", errno);
    for (std::size_t page = 0; page + kPage <= static_cast<std::size_t>(got); page += kPage) {
      if (std::memcmp(block.data() + page, kZeros.data(), kPage) != 0) continue;
      if (::fallocate(memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(at + page), kPage) != 0) {
        return FailErrno("guest memory", errno);
      }
    }
  }
  return {};
}

// On a thread of its own: a large image takes minutes, and calls start on the worker meanwhile.
Task<Fd> MakeDiskOf(std::shared_ptr<Shared> shared, artifact::RootImage root, std::string name) {
  const auto turn = co_await shared->disks.Take();
  if (!turn) co_return std::unexpected(turn.error());
  const auto maker = Worker::Start();
  if (!maker) co_return std::unexpected(maker.error());
  std::move_only_function<Result<Fd>()> make = [&to = *shared, root = std::move(root),
                                                name = std::move(name)] {
    return MakeDisk(to.config, root, name);
  };
  co_return co_await (*maker)->Run(std::move(make));
}

}  // namespace

std::string UniqueName(const std::string& id) {
  static std::atomic<std::uint64_t> made = 0;
  return "m-" + id.substr(0, kLongestNamedId) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++made);
}

Task<std::shared_ptr<const Snapshot>> MakeSnapshot(std::shared_ptr<Shared> shared,
                                                   artifact::RootImage root, Bytes size,
                                                   Devices devices) {
  const std::string name = UniqueName("boot");
  auto disk = co_await MakeDiskOf(shared, std::move(root), name);
  if (!disk) co_return std::unexpected(std::move(disk).error());
  auto memory = MakeMemory(size);
  if (!memory) co_return std::unexpected(std::move(memory).error());
  MachineParts parts{.name = name,
                     .disk = disk->get(),
                     .memory = memory->get(),
                     .size = size,
                     .devices = devices,
                     .writes_memory = true};
  ++shared->metrics.boots;
  auto machine = co_await Machine::Start(shared, std::move(parts));
  if (!machine) co_return std::unexpected(std::move(machine).error());
  auto ready = co_await (*machine)->Expect(FrameType::kReady, shared->config.boot_patience);
  if (!ready) co_return Wrap(std::move(ready).error(), "boot");
  auto state = co_await Save(*shared, **machine, true);
  if (!state) co_return std::unexpected(std::move(state).error());
  Snapshot snapshot{std::move(*disk), std::move(*memory), std::move(*state), size, devices};
  co_return co_await Seal(**machine, std::move(snapshot));
}

// QEMU saves what a machine has written to memory of its own as a stream. A second machine, which
// never runs, takes the stream in and leaves the memory in a file, as a booted one does.
Task<std::shared_ptr<const Snapshot>> SnapshotOf(std::shared_ptr<Shared> shared,
                                                 std::shared_ptr<const Snapshot> origin, Fd saved) {
  auto disk = DuplicateFd(origin->disk);
  if (!disk) co_return std::unexpected(std::move(disk).error());
  auto memory = MakeMemory(origin->size);
  if (!memory) co_return std::unexpected(std::move(memory).error());
  MachineParts parts{.name = UniqueName("save"),
                     .disk = disk->get(),
                     .memory = memory->get(),
                     .size = origin->size,
                     .incoming = true,
                     .devices = origin->devices,
                     .writes_memory = true};
  auto machine = co_await Machine::Start(shared, std::move(parts));
  if (!machine) co_return std::unexpected(std::move(machine).error());
  auto loaded = co_await Load(*shared, **machine, saved);
  if (!loaded) co_return Wrap(std::move(loaded).error(), "load");
  saved.Reset();
  auto state = co_await Save(*shared, **machine, true);
  if (!state) co_return std::unexpected(std::move(state).error());
  std::move_only_function<Result<void>()> punch = [fd = memory->get(), size = origin->size] {
    return PunchZeros(fd, size);
  };
  auto punched = co_await shared->worker->Run(std::move(punch));
  if (!punched) co_return std::unexpected(std::move(punched).error());
  Snapshot snapshot{std::move(*disk), std::move(*memory), std::move(*state), origin->size,
                    origin->devices};
  co_return co_await Seal(**machine, std::move(snapshot));
}

namespace {

// A state is complete a moment before QEMU has finished saving it, and lets the machine go on.
Task<void> GoOn(Shared& shared, Machine& machine) {
  constexpr std::string_view kNotYet = "Migration is not finalized yet";
  constexpr int kMostAsks = 1000;
  Result<Json> done;
  for (int i = 0; i < kMostAsks; ++i) {
    done = co_await machine.Execute("cont");
    if (done) co_return Result<void>{};
    if (!done.error().message.contains(kNotYet)) break;
    co_await Pause(shared.loop);
  }
  co_return std::unexpected(std::move(done).error());
}

}  // namespace

Task<Fd> SaveRunning(Shared& shared, Machine& machine) {
  if (auto room = machine.AllowSaving(); !room) co_return std::unexpected(room.error());
  auto saved = co_await Save(shared, machine, false);
  auto goes_on = co_await GoOn(shared, machine);
  if (saved && !goes_on) co_return std::unexpected(std::move(goes_on).error());
  co_return saved;
}

Wake WakeAt(const Clock& clock, std::string hostname) {
  SystemRandom random;
  std::array<std::byte, kEntropy> entropy{};
  random.Fill(entropy);
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock.WallNow().time_since_epoch());
  return {.wall_ns = std::max<std::int64_t>(now.count(), 0),
          .entropy = std::string(AsText(entropy)),
          .hostname = std::move(hostname)};
}

Task<std::shared_ptr<Machine>> Restore(std::shared_ptr<Shared> shared,
                                       std::shared_ptr<const Snapshot> snapshot, std::string name,
                                       std::string hostname, Behind behind) {
  MachineParts parts{.name = std::move(name),
                     .disk = snapshot->disk.get(),
                     .memory = snapshot->memory.get(),
                     .size = snapshot->size,
                     .incoming = true,
                     .devices = snapshot->devices,
                     .tap = behind.tap,
                     .drives = std::move(behind.drives)};
  ++shared->metrics.restores;
  auto machine = co_await Machine::Start(shared, std::move(parts));
  if (!machine) co_return machine;
  auto done = co_await SetIgnoreMemory(**machine, true);
  if (!done) co_return Wrap(std::move(done).error(), "restore");
  auto loaded = co_await Load(*shared, **machine, snapshot->state);
  if (!loaded) co_return Wrap(std::move(loaded).error(), "restore");
  done = co_await (*machine)->Execute("cont");
  if (!done) co_return Wrap(std::move(done).error(), "restore");
  Wake wake = WakeAt(shared->clock, std::move(hostname));
  wake.copy = true;
  wake.volumes = std::move(behind.volumes);
  if (!behind.address.empty()) {
    wake.address = std::move(behind.address);
    wake.gateway = egress::kGateway.ToString();
    wake.names = wake.gateway;
  }
  (*machine)->Post(FrameType::kWake, WriteWake(wake));
  auto awake = co_await (*machine)->Expect(FrameType::kAwake, shared->config.restore_patience);
  if (!awake) co_return Wrap(std::move(awake).error(), "wake");
  co_return machine;
}

}  // namespace strata::sandbox::microvm
