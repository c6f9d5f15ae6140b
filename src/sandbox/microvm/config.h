// sandbox/microvm/config.h - what a MicrovmDriver is built with. Filled by the program that runs
// the class.
//
//   apps/strata-keeper/classes.cc --> [ Config ] --ChooseAccelerator (driver.h)--> MicrovmDriver
//
// Whoever tries things (a probe, a contract test) fills the same; only what the host must have has
// no default that works everywhere: agent, state_root, user.
//
// Threads:  a value, copied by the driver. Errors: none here; MicrovmDriver::Create says what is
//           missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "host/process/process.h"
#include "model/memory_bounds.h"
#include "model/values.h"
#include "sandbox/egress/egress.h"

namespace strata::sandbox::microvm {

struct Snapshot;

// Booted images by their layers, shared by several drivers of one thread: a root that one has
// booted is there for all. Grows only.
using SnapshotCache = std::map<std::string, std::shared_ptr<const Snapshot>>;

enum class Accelerator : std::uint8_t { kTcg, kKvm };

struct Config {
  std::filesystem::path qemu = "/usr/bin/qemu-system-x86_64";
  std::filesystem::path mkfs = "/usr/bin/mkfs.erofs";
  // strata-agent, static: the guest's first process.
  std::filesystem::path agent;
  // An OCI runtime that runs the programs in the machine, each in a container: then the driver is
  // of class container-in-microvm (layers.h). Empty: the agent runs them.
  std::filesystem::path runtime;
  // Where boot/vmlinuz-* and lib/modules/* are: Debian's cloud kernel, installed or unpacked.
  std::filesystem::path kernel_root = "/";

  // Where disks are made; ours alone. They are unlinked at once.
  std::filesystem::path state_root;
  // The cgroup above all groups of this driver; ours alone: [a-z0-9-]{1,64}.
  std::string cgroup_parent = "strata";
  // Who QEMU runs as: not root, and nobody else.
  host::Identity user{.uid = 65534, .gid = 65534};

  Accelerator accelerator = Accelerator::kTcg;
  std::uint32_t max_sandboxes = 100;

  // The machine's memory: what a guest may use and what its kernel needs. Pages cost something once
  // they are written; until then all sandboxes of an image share them.
  Bytes machine_memory = Bytes::MiB(512);
  // A Spec outside these is kUnsupported.
  model::MemoryBounds memory = model::MemoryBoundsOf(model::Class::kMicrovm);

  std::uint32_t cpu_millis = 1000;
  std::uint32_t pids = 128;         // in the guest
  Bytes writable = Bytes::MiB(64);  // of a container: its /tmp

  std::shared_ptr<SnapshotCache> snapshots;  // null: none is shared

  // What gives sandboxes a network. Null: grants.http is kUnsupported.
  std::shared_ptr<egress::Egress> egress;

  std::chrono::milliseconds boot_patience{30'000};
  std::chrono::milliseconds restore_patience{10'000};
  // How long a machine waits for a volume that another has: one that ends keeps it for moments.
  std::chrono::milliseconds volume_patience{2'000};
  // How often a running call looks at deadline, client and CPU time.
  std::chrono::milliseconds tick{5};

  // Between the signals that end a program beside a server whose client has gone.
  std::chrono::milliseconds exec_grace{2'000};
};

// Who the virtual machines of `owner` run as: a user in a range that nothing else uses. Not
// covered: two owners may share one by chance (1 in 100 million).
host::Identity MachineUser(std::string_view owner);

}  // namespace strata::sandbox::microvm
