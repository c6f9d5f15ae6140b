// sandbox/microvm/machine/snapshot.h - an image, booted once: its disk, its memory and the state of
// its devices, from which every sandbox of the image is restored in tens of milliseconds.
//
//   RootImage --overlay, mkfs.erofs--> disk --boot, agent ready, stop, migrate--> Snapshot
//   Snapshot --QEMU -incoming, memory private--> Machine --kWake--> own clock, randomness, name
//   running Machine --SaveRunning, SnapshotOf--> Snapshot that goes on where that one was
//
// Memory is not in the state file: both machines map the same memory file (QEMU's x-ignore-shared),
// the booted one shared, the restored ones privately. It is sealed in between, so no restored
// machine can change what others start from.
//
// Threads: one loop, and the worker. Lifetime: a machine needs its snapshot only while it is being
// restored. Errors: kInternal with QEMU's or mkfs' words; kUnavailable: the machine did not boot.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"

namespace strata::sandbox::microvm {

struct Snapshot {
  Fd disk;
  Fd memory;  // sealed against writing
  Fd state;   // sealed
  Bytes size;
  Devices devices;
};

// Boots `root` on a machine with `size` of memory, and nothing behind its devices.
Task<std::shared_ptr<const Snapshot>> MakeSnapshot(std::shared_ptr<Shared> shared,
                                                   artifact::RootImage root, Bytes size,
                                                   Devices devices);

// Stops `machine` where it is, saves it with all its memory, and lets it go on. What it and its
// driver say to each other has to have ended before (FrameType::kSleep).
Task<Fd> SaveRunning(Shared& shared, Machine& machine);

// What SaveRunning saved of a machine that came from `origin`.
Task<std::shared_ptr<const Snapshot>> SnapshotOf(std::shared_ptr<Shared> shared,
                                                 std::shared_ptr<const Snapshot> origin, Fd saved);

// The payload of a kWake: the present time and new randomness.
Wake WakeAt(const Clock& clock, std::string hostname);

// What is behind a restored machine's devices. The descriptors stay the caller's.
struct Behind {
  int tap = -1;
  std::string address;
  std::vector<Drive> drives;
  std::vector<GuestVolume> volumes;  // to be mounted
};

// A machine called `name` that goes on from `snapshot`, awake: it has the present time, new
// randomness, `hostname`, its address and its volumes.
Task<std::shared_ptr<Machine>> Restore(std::shared_ptr<Shared> shared,
                                       std::shared_ptr<const Snapshot> snapshot, std::string name,
                                       std::string hostname, Behind behind);

// Unique on this host, and a cgroup's name.
std::string UniqueName(const std::string& id);

}  // namespace strata::sandbox::microvm
