#include "sandbox/microvm/machine/qemu_command.h"

#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm {
namespace {

// The numbers of QEMU's descriptors.
constexpr int kAgentFd = 3;
constexpr int kQmpFd = 4;
constexpr int kDiskFd = 5;
constexpr int kMemoryFd = 6;
constexpr int kInitrdFd = 7;
constexpr int kKernelFd = 8;
constexpr int kTapFd = 9;
constexpr int kFirstDriveFd = 10;

constexpr const char* kUsualCard = "02:00:00:00:00:01";
constexpr const char* kWorkers = "16";  // threads that read and write files

std::string File(int number) { return "/proc/self/fd/" + std::to_string(number); }

// A drive that is blank is there to be replaced by one of any size: the guest looks at it anew.
void AddDrive(std::vector<std::string>& all, const MachineParts& parts, std::size_t number) {
  const std::string name = VolumeDrive(number);
  std::string block = "driver=null-co,size=1048576,read-zeroes=on";
  if (!parts.drives.empty()) {
    // By descriptor: it has no right to open the file. The lock on it is the host's affair.
    const std::string set = std::to_string(number + 1);
    const std::string from = std::to_string(kFirstDriveFd + number);
    all.insert(all.end(), {"-add-fd", "fd=" + from + ",set=" + set});
    block = std::string("driver=raw,read-only=") + (parts.drives[number].read_only ? "on" : "off") +
            ",file.driver=file,file.locking=off,file.filename=/dev/fdset/" + set;
  }
  all.insert(all.end(), {"-blockdev", "node-name=" + name + "," + block, "-device",
                         "virtio-blk-device,drive=" + name + ",serial=" + name});
}

}  // namespace

std::vector<std::string> QemuArguments(const Shared& shared, const MachineParts& parts) {
  const std::string mib = std::to_string(parts.size.count >> 20);
  const bool kvm = shared.config.accelerator == Accelerator::kKvm;
  std::vector<std::string> all = {
      "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
      "microvm,pic=off,pit=off,rtc=on,acpi=on,memory-backend=ram", "-accel",
      kvm ? "kvm" : "tcg,thread=single", "-cpu", kvm ? "host" : "max", "-m", mib, "-object",
      "memory-backend-file,id=ram,size=" + mib + "M,mem-path=" + File(kMemoryFd) +
          ",share=" + (parts.writes_memory ? "on" : "off"),
      "-kernel", File(kKernelFd), "-initrd", File(kInitrdFd),
      // The early frequency: under emulation the guest's own measuring hangs in half of the boots.
      "-append",
      "console=ttyS0 quiet panic=-1 rdinit=/init tsc_early_khz=" + shared.tsc_khz +
          (parts.devices.card ? " strata.network" : "") +
          (parts.layout == DiskLayout::kTrees ? " strata.trees" : ""),
      "-serial", "file:/proc/self/fd/2", "-drive",
      "id=root,if=none,format=raw,readonly=on,file=" + File(kDiskFd), "-device",
      "virtio-blk-device,drive=root,serial=" + std::string(kRootDrive), "-device",
      "virtio-serial-device", "-chardev", "socket,id=agent,fd=" + std::to_string(kAgentFd),
      "-device", "virtserialport,chardev=agent,name=strata.agent", "-chardev",
      "socket,id=qmp,fd=" + std::to_string(kQmpFd), "-mon", "chardev=qmp,mode=control", "-sandbox",
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"};
  all.insert(all.end(),
             {"-object", "main-loop,id=main-loop,thread-pool-max=" + std::string(kWorkers)});
  for (std::size_t i = 0; i < parts.devices.drives; ++i) AddDrive(all, parts, i);
  if (parts.devices.card) {
    // What is behind the card is no part of a saved state. Each tap leads to one machine alone, so
    // all may have the same address.
    const std::string behind =
        parts.tap < 0 ? "hubport,id=net,hubid=0" : "tap,id=net,fd=" + std::to_string(kTapFd);
    std::string card = "virtio-net-device,netdev=net,mac=" +
                       (parts.card.address.empty() ? kUsualCard : parts.card.address);
    if (parts.card.mtu > 0) card += ",host_mtu=" + std::to_string(parts.card.mtu);
    all.insert(all.end(), {"-netdev", behind, "-device", std::move(card)});
  }
  if (parts.incoming) all.insert(all.end(), {"-incoming", "defer"});
  return all;
}

std::vector<host::PassedFd> QemuDescriptors(const Shared& shared, const MachineParts& parts,
                                            int agent, int qmp) {
  std::vector<host::PassedFd> all = {{agent, kAgentFd},
                                     {qmp, kQmpFd},
                                     {parts.disk, kDiskFd},
                                     {parts.memory, kMemoryFd},
                                     {shared.kernel.initrd.get(), kInitrdFd},
                                     {shared.kernel.file.get(), kKernelFd}};
  if (parts.tap >= 0) all.push_back({parts.tap, kTapFd});
  for (std::size_t i = 0; i < parts.drives.size(); ++i) {
    all.push_back({parts.drives[i].file, kFirstDriveFd + static_cast<int>(i)});
  }
  return all;
}

std::vector<host::PathRule> QemuPaths(const Shared& shared, const MachineParts& parts) {
  using enum host::PathAccess;
  std::vector<host::PathRule> paths = host::SystemPrograms();
  paths.push_back({shared.config.qemu.string(), kProgram});
  paths.push_back({File(shared.kernel.file.get()), kReadOnly});
  paths.push_back({File(parts.disk), kReadOnly});
  if (shared.config.accelerator == Accelerator::kKvm) paths.push_back({"/dev/kvm", kDevice});
  return paths;
}

}  // namespace strata::sandbox::microvm
