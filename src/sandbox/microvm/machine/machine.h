// sandbox/microvm/machine/machine.h - one virtual machine: a QEMU process with two sockets, one to
// the agent in it and one to QEMU itself (QMP).
//
//   Snapshot, Sandbox --> [ Machine ] --fork--> qemu-system-x86_64 (unprivileged, own namespaces)
//                            |  ^ frames (protocol.h)
//                            +--- QMP: stop, migrate, cont
//
// QEMU runs as a user of its own without capabilities, in its own network, IPC and UTS namespaces
// and its own cgroup, with its seccomp sandbox on, behind Landlock (QemuPaths); it gets its files
// as descriptors. Guest memory is a memory file: shared while a snapshot is made, private and
// copied on write afterwards.
//
// Threads:  one loop; the start forks, and runs on the worker. Lifetime: held by shared_ptr; the
//           destructor kills QEMU and has the worker remove its group. Jobs hold Shared by address:
//           its worker ends before it does.
// Errors:   kUnavailable: QEMU ended or closed a socket; the message has its last words.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/text/json.h"
#include "host/cgroup/cgroup.h"
#include "host/process/process.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/shared.h"

namespace strata::sandbox::microvm {

// What QEMU needs for itself: beside the guest's memory, and threads.
inline constexpr Bytes kQemuItself = Bytes::MiB(256);
inline constexpr std::uint32_t kQemuThreads = 32;

// What a machine has beside its disk and its port; a saved state fits machines with the same only.
struct Devices {
  bool card = false;       // a network card
  std::size_t drives = 0;  // for volumes
  friend auto operator<=>(const Devices&, const Devices&) = default;
};

// The network card of a machine that is not restored: what is behind it gives these.
struct Card {
  std::string address;    // "02:00:00:00:00:01"
  std::uint32_t mtu = 0;  // zero: the kernel's usual one
};

// What the disk's root directory is: the programs' root, or a folder of trees (protocol.h).
enum class DiskLayout : std::uint8_t { kRoot, kTrees };

// What is on a drive: a file that host::OpenAsDrive opened.
struct Drive {
  int file = -1;
  bool read_only = false;
};

// What a machine is started from. The descriptors stay the caller's.
struct MachineParts {
  std::string name;  // of its group: [a-z0-9-]{1,64}, unique on this host
  // Its group, which stays the caller's, with the limits that are there; null: one is made.
  std::shared_ptr<host::Cgroup> group;
  std::optional<host::Identity> user;  // else Config::user
  int disk = -1;                       // EROFS
  DiskLayout layout = DiskLayout::kRoot;
  int memory = -1;  // a memory file of `size`
  Bytes size;
  bool incoming = false;  // it waits for a state instead of booting
  Devices devices;
  Card card;
  int tap = -1;               // behind the card; -1: nothing
  std::vector<Drive> drives;  // as many as it has, or none: each is blank
  // What the guest writes goes to `memory`; else it is the machine's own.
  bool writes_memory = false;
  bool saved = true;  // it may be asked for its state; else its files, the console too, are bounded
  std::optional<int> oom_score_adjust;  // of QEMU; none: as ours is
};

class Machine : public std::enable_shared_from_this<Machine> {
 public:
  static Task<std::shared_ptr<Machine>> Start(std::shared_ptr<Shared> shared, MachineParts parts);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // Queues a frame for the agent. A guest that reads too little of them is refused.
  void Post(FrameType type, std::string_view payload = {}, std::uint32_t program = 0);
  // Queues a frame, after which those that are posted are kept back until Release().
  void Hold(FrameType last);
  // Queues a frame, and after it what was kept back.
  void Release(FrameType first, std::string_view payload);
  // The next frame from the agent; others of the loop have their turns between many. One waiter.
  // kUnavailable: the machine is gone; kInvalidArgument: the guest sends nonsense.
  Task<Frame> Receive();
  // The same, which must be of `type` and come within `patience`.
  Task<Frame> Expect(FrameType type, std::chrono::milliseconds patience);

  // Runs a QMP command and returns its "return". kInternal: QEMU's own error. One at a time.
  Task<Json> Execute(std::string command, Json arguments = Json::object(), int passed_fd = -1);

  // Makes room in its group, which was made for it, for a state with all its memory: whoever writes
  // a memory file is charged for it. For good; the guest's own limit is in the guest.
  Result<void> AllowSaving();

  void Kill() noexcept;
  // Ends it for what its guest, which is not ours any more, does: Receive says `what` from now on.
  void Refuse(std::string what);
  [[nodiscard]] bool ended() { return process_->Poll().has_value(); }
  Task<host::ExitStatus> Wait() { return process_->Wait(); }
  [[nodiscard]] Result<host::CgroupUsage> usage() const { return group_->Usage(); }
  [[nodiscard]] host::Cgroup& group() noexcept { return *group_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  // What the worker makes, and unmakes.
  struct Made {
    Made() = default;
    Made(Made&&) = default;
    Made& operator=(Made&&) = delete;
    ~Made();
    std::shared_ptr<host::Cgroup> group;
    bool own_group = true;
    std::optional<host::Process> process;
    Fd agent;
    Fd qmp;
    Fd words;  // a memory file: what QEMU and the guest's console say
  };
  static Result<Made> Make(const Shared& shared, const MachineParts& parts);
  Machine(std::shared_ptr<Shared> shared, Bytes size, Made made);
  void Send(std::string bytes);
  static Awaitable<void> Drain(std::shared_ptr<Machine> self);
  Task<std::string> ReadSome(Descriptor& from);
  Task<Json> ReadQmp();
  [[nodiscard]] std::string LastWords() const;

  std::shared_ptr<Shared> shared_;
  const Bytes size_;
  std::shared_ptr<host::Cgroup> group_;
  const bool own_group_;
  std::optional<host::Process> process_;
  Fd words_;
  Descriptor agent_;
  Descriptor qmp_;
  FrameReader frames_;
  std::string qmp_text_;
  bool qmp_ready_ = false;
  std::string to_agent_;
  std::string held_;
  bool holding_ = false;
  bool writing_ = false;
  std::string refused_;       // why; empty: it is not
  std::size_t unbroken_ = 0;  // bytes that were read since others of the loop had a turn
};

}  // namespace strata::sandbox::microvm
