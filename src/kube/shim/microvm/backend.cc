#include "kube/shim/microvm/backend.h"

#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "kube/shim/microvm/machines.h"
#include "kube/shim/task/own_group.h"
#include "sandbox/microvm/machine/disk.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/snapshot.h"

namespace strata::kube::shim {
namespace {

namespace microvm = sandbox::microvm;

constexpr microvm::TreeSize kMostOfOne{.bytes = 64_MiB, .files = 16'384};  // of one mount
constexpr microvm::TreeSize kMostOfAll{.bytes = 256_MiB, .files = 65'536};

// The root, and what is copied, in the order of `copies`.
Result<Disks::Trees> OpenTrees(const std::vector<MicrovmConfig::Copy>& copies,
                               const std::string& root) {
  Disks::Trees trees;
  auto first = microvm::OpenTree(microvm::kRootTree, root);
  if (!first) return std::unexpected(std::move(first).error());
  trees.push_back(std::move(*first));
  for (const MicrovmConfig::Copy& copy : copies) {
    auto tree = microvm::OpenTree(copy.tree, copy.host);
    if (!tree) return std::unexpected(std::move(tree).error());
    trees.push_back(std::move(*tree));
  }
  return trees;
}

Result<void> CheckCopied(const std::vector<MicrovmConfig::Copy>& copies,
                         const Disks::Trees& trees) {
  microvm::TreeSize left = kMostOfAll;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const microvm::TreeSize most{.bytes = std::min(kMostOfOne.bytes, left.bytes),
                                 .files = std::min(kMostOfOne.files, left.files)};
    const auto size = microvm::MeasureTree(trees[i + 1], most);
    if (!size) {
      return Wrap(size.error(), "class microvm: " + copies[i].host +
                                    " is copied into the machine, up to 64 MiB and 16384 files of "
                                    "one mount, and 256 MiB of all");
    }
    left.bytes.count -= size->bytes.count;
    left.files -= size->files;
  }
  return {};
}

std::uint32_t NumberOf(const ContainerProcess& process) { return process.machine_program; }

}  // namespace

Task<void> MicrovmBackend::Make(ContainerProcess& first) {
  const auto disk = co_await MakeDisk();
  if (!disk) co_return std::unexpected(disk.error());
  const auto network = co_await Plug();
  if (!network) co_return std::unexpected(network.error());
  // What it takes to boot is not held up by the container's share.
  GroupPlan plan = config_.group;
  plan.limits.cpu_millis = 0;
  auto group = MakeOwnGroup(shared_.groups, bundle_, plan);
  if (!group) co_return std::unexpected(std::move(group).error());
  group_ = std::move(*group);
  auto machine = co_await Boot(*disk, *network);
  if (!machine) co_return std::unexpected(std::move(machine).error());
  auto limited = group_->Limit(config_.group.limits);
  if (!limited) co_return limited;
  const auto pid = static_cast<std::uint32_t>((*machine)->pid());
  programs_ = Programs::Begin(machines_, std::move(*machine));
  const auto number = programs_->Add(first.stdio);
  if (!number) co_return std::unexpected(number.error());
  first.machine_program = *number;
  first.machine_pid = pid;
  terminal_ = first.names.terminal;
  co_return Result<void>();
}

// Mounts are opened where they are visible; the disk is made where nobody sees what it is made of.
Task<Fd> MicrovmBackend::MakeDisk() {
  Disks::Look look = [copies = config_.copies,
                      root = bundle_ + "/rootfs"]() -> Result<Disks::Trees> {
    auto trees = OpenTrees(copies, root);
    if (!trees) return trees;
    if (auto small = CheckCopied(copies, *trees); !small) return std::unexpected(small.error());
    return trees;
  };
  Disks::MakeOf make = [to = machines_, name = MachineName(bundle_)](const Disks::Trees& trees) {
    return microvm::MakeDisk(to->config, trees, name);
  };
  co_return co_await shared_.microvm.disks().Make(tenant_, std::move(look), std::move(make));
}

Task<MachineNetwork> MicrovmBackend::Plug() {
  MachineNetwork none;
  if (config_.network.empty()) co_return std::move(none);
  std::move_only_function<Result<MachineNetwork>()> plug = [path = config_.network] {
    return PlugMachine(path);
  };
  auto plugged = co_await shared_.worker->Run(std::move(plug));
  plugged_ = plugged.has_value();
  co_return plugged;
}

Task<std::shared_ptr<microvm::Machine>> MicrovmBackend::Boot(const Fd& disk,
                                                             const MachineNetwork& network) {
  const auto memory = microvm::MakeMemory(config_.machine);
  if (!memory) co_return std::unexpected(memory.error());
  microvm::MachineParts parts{.name = MachineName(bundle_),
                              .group = group_,
                              .user = microvm::MachineUser("kube/" + bundle_),
                              .disk = disk.get(),
                              .layout = microvm::DiskLayout::kTrees,
                              .memory = memory->get(),
                              .size = config_.machine,
                              .devices = {.card = network.tap.valid()},
                              .card = network.card,
                              .tap = network.tap.get(),
                              .writes_memory = true,
                              .saved = false,
                              .oom_score_adjust = config_.oom_score_adjust};
  auto machine = co_await microvm::Machine::Start(machines_, std::move(parts));
  if (!machine) co_return machine;
  auto ready =
      co_await (*machine)->Expect(microvm::FrameType::kReady, machines_->config.boot_patience);
  if (!ready) co_return Wrap(std::move(ready).error(), "boot");
  microvm::Wake wake = microvm::WakeAt(shared_.clock, config_.hostname);
  wake.address = network.address;
  wake.gateway = network.gateway;
  (*machine)->Post(microvm::FrameType::kWake, microvm::WriteWake(wake));
  auto awake =
      co_await (*machine)->Expect(microvm::FrameType::kAwake, machines_->config.restore_patience);
  if (!awake) co_return Wrap(std::move(awake).error(), "wake");
  co_return machine;
}

Task<void> MicrovmBackend::Start() {
  started_ = true;
  const microvm::Program program = FirstProgram(config_, terminal_);
  co_return co_await programs_->Start(microvm::kMain, program);
}

Task<void> MicrovmBackend::Exec(ContainerProcess& exec) {
  const auto program = SideProgramOf(exec.spec, exec.names.terminal);
  if (!program) co_return std::unexpected(program.error());
  const auto number = programs_->Add(exec.stdio);
  if (!number) co_return std::unexpected(number.error());
  auto started = co_await programs_->Start(*number, *program);
  if (!started) co_return started;
  exec.machine_program = *number;
  exec.machine_pid = static_cast<std::uint32_t>(programs_->machine().pid());
  co_return Result<void>();
}

Task<void> MicrovmBackend::Kill(ContainerProcess& process, int signal) {
  if (signal < 1 || signal > SIGRTMAX) {
    co_return Fail(Errc::kInvalidArgument, "kill: there is no signal " + std::to_string(signal));
  }
  const bool first = process.exec_id.empty();
  if (first && !started_) {
    programs_->EndMachine();
  } else if (first && signal == SIGKILL) {
    programs_->KillFirst();
  } else {
    programs_->Signal(NumberOf(process), signal);
  }
  co_return Result<void>();
}

Task<host::ExitStatus> MicrovmBackend::Ended(ContainerProcess& process) {
  co_return co_await programs_->Ended(NumberOf(process));
}

Result<void> MicrovmBackend::Resize(ContainerProcess& process, host::TerminalSize size) {
  if (programs_) programs_->Resize(NumberOf(process), size);
  return {};
}

Task<void> MicrovmBackend::Update(std::string resources) {
  const auto limits = ReadMicrovmUpdate(resources, config_);
  if (!limits) co_return std::unexpected(limits.error());
  auto limited = group_->Limit(*limits);
  co_return limited;
}

Task<void> MicrovmBackend::Remove() {
  if (programs_) {
    programs_->EndMachine();
    static_cast<void>(co_await programs_->machine().Wait());
  }
  std::move_only_function<Result<void>()> remove =
      [group = group_, network = plugged_ ? config_.network : std::string()]() -> Result<void> {
    if (!network.empty()) UnplugMachine(network);
    return group ? RemoveOwnGroup(*group) : Result<void>();
  };
  auto removed = co_await shared_.worker->Run(std::move(remove));
  plugged_ = false;  // by now the pod's address may be another machine's
  co_return removed;
}

}  // namespace strata::kube::shim
