// A cold boot until the agent is ready: a machine as the driver starts it, against QEMU by hand
// with the same kernel, initial file system, disk and command line, without group, namespaces or
// user of its own. Rounds of both alternate. Needs root and QEMU.
//
//   microvm_boot_bench AGENT [ROUNDS]
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "host/files/memfd.h"
#include "host/process/process.h"
#include "sandbox/microvm/machine/guest_kernel.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/qemu_command.h"
#include "sandbox/microvm/shared.h"

namespace strata::bench {
namespace {

using namespace sandbox::microvm;  // NOLINT: a program of one file
using Samples = std::vector<double>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};

void Expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "microvm_boot_bench: %s\n", what.c_str());
  std::exit(1);
}

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

Fd EmptyDisk(const Config& config, const std::filesystem::path& at) {
  std::filesystem::create_directories(at / "root");
  const auto ran = host::RunToEnd({.program = config.mkfs.string(),
                                   .arguments = {at / "disk", at / "root"},
                                   .environment = {"PATH=/usr/bin:/bin"},
                                   .privileges = host::Privileges::kKeep},
                                  kPatience, Bytes::MiB(1));
  Expect(ran && ran->status.success(), "mkfs.erofs");
  std::filesystem::permissions(at / "disk", std::filesystem::perms(0644));
  auto disk = OpenFile(at / "disk", O_RDONLY);
  Expect(disk.has_value(), "disk");
  return std::move(*disk);
}

Fd Memory(Bytes size) {
  auto memory = host::MakeMemfd("guest-memory");
  Expect(memory && ::ftruncate(memory->get(), static_cast<off_t>(size.count)) == 0, "memory");
  return std::move(*memory);
}

double ByDriver(const std::shared_ptr<Shared>& shared, MachineParts parts) {
  std::optional<Result<Frame>> ready;
  const auto start = SteadyClock::now();
  const auto boot = [](std::shared_ptr<Shared> with, MachineParts what,
                       std::optional<Result<Frame>>& to) -> Awaitable<void> {
    auto machine = co_await Machine::Start(std::move(with), std::move(what));
    if (!machine) {
      to.emplace(std::unexpected(machine.error()));
      co_return;
    }
    to.emplace(co_await (*machine)->Expect(FrameType::kReady, kPatience));
  };
  Spawn(shared->loop, boot(shared, std::move(parts), ready));
  shared->loop.restart();
  while (!ready) shared->loop.run_one();
  const double took = MillisecondsSince(start);
  Expect(ready->has_value(), ready->has_value() ? "" : ready->error().message);
  shared->loop.poll();
  return took;
}

double ByHand(const Shared& shared, const MachineParts& parts) {
  std::array<int, 2> agent = {-1, -1};
  std::array<int, 2> qmp = {-1, -1};
  Expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent.data()) == 0 &&
             ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp.data()) == 0,
         "socketpair");
  const Fd ours(agent[0]);
  const Fd our_qmp(qmp[0]);
  Fd theirs(agent[1]);
  Fd their_qmp(qmp[1]);
  host::SpawnOptions spawn;
  spawn.program = shared.config.qemu.string();
  spawn.arguments = QemuArguments(shared, parts);
  spawn.environment = {"PATH=/usr/bin:/bin"};
  spawn.fds = QemuDescriptors(shared, parts, theirs.get(), their_qmp.get());
  spawn.privileges = host::Privileges::kKeep;
  const auto start = SteadyClock::now();
  auto process = host::Process::Spawn(spawn);
  Expect(process.has_value(), process ? "" : process.error().message);
  theirs.Reset();
  their_qmp.Reset();
  pollfd word{ours.get(), POLLIN, 0};
  Expect(::poll(&word, 1, 60'000) == 1 && (word.revents & POLLIN) != 0, "QEMU by hand");
  const double took = MillisecondsSince(start);
  Expect(process->Kill(SIGKILL).has_value(), "kill");
  return took;
}

void Print(const char* what, Samples samples, const char* unit) {
  std::ranges::sort(samples);
  std::printf("%-28s %8.3f %s (%.3f to %.3f)\n", what, samples[samples.size() / 2], unit,
              samples.front(), samples.back());
}

int Main(const std::filesystem::path& agent, int rounds) {
  const strata::testing::TempDir files;
  Config config;
  config.agent = agent;
  config.state_root = files / "state";
  auto kernel = LoadGuestKernel(config);
  Expect(kernel.has_value(), kernel ? "" : kernel.error().message);
  auto groups = host::Cgroups::Find("strata-bench");
  Expect(groups.has_value(), "cgroups");
  auto worker = sandbox::Worker::Start();
  Expect(worker.has_value(), "worker");
  Loop loop;
  const SystemClock clock;
  std::shared_ptr<Shared> shared(new Shared{.loop = loop,
                                            .clock = clock,
                                            .config = config,
                                            .groups = std::move(*groups),
                                            .kernel = std::move(*kernel),
                                            .tsc_khz = "2000000",
                                            .metrics = {},
                                            .worker = std::move(*worker)});
  const Fd disk = EmptyDisk(config, files.path());
  Samples driver;
  Samples hand;
  Samples ratios;
  for (int round = 0; round < rounds; ++round) {
    const auto once = [&](bool by_driver) {
      const Fd memory = Memory(config.machine_memory);
      const MachineParts parts{.name = "boot-" + std::to_string(round),
                               .disk = disk.get(),
                               .memory = memory.get(),
                               .size = config.machine_memory,
                               .writes_memory = true};
      (by_driver ? driver : hand)
          .push_back(by_driver ? ByDriver(shared, parts) : ByHand(*shared, parts));
    };
    const bool first = round % 2 == 0;
    once(first);
    once(!first);
    ratios.push_back(driver.back() / hand.back());
  }
  Print("the driver, until ready", driver, "ms");
  Print("QEMU by hand", hand, "ms");
  Print("ratio", ratios, "");
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: microvm_boot_bench AGENT [ROUNDS]\n");
    return 2;
  }
  return strata::bench::Main(argv[1], argc > 2 ? std::atoi(argv[2]) : 10);
}
