#include "sandbox/microvm/image.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "host/files/loop_device.h"
#include "sandbox/agent_dial.h"
#include "sandbox/microvm/layers.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/sandbox.h"
#include "sandbox/spec_check.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr Bytes kScratchSize = Bytes::MiB(64);  // of one that says none, as of the image's root
constexpr std::size_t kMostDrives = 8;

using Mode = model::DirGrant::Mode;

bool IsVolume(const model::DirGrant& dir) {
  return dir.mode == Mode::kVolume || dir.mode == Mode::kVolumeReadOnly;
}

Devices DevicesFor(const Spec& spec) {
  return {.card = !spec.grants.http.empty(),
          .drives = static_cast<std::size_t>(std::ranges::count_if(spec.grants.dirs, IsVolume))};
}

// What the guest is to mount. Its n-th drive is the n-th named volume.
std::vector<GuestVolume> VolumesFor(const Spec& spec) {
  std::vector<GuestVolume> volumes;
  std::size_t drives = 0;
  for (const model::DirGrant& dir : spec.grants.dirs) {
    volumes.push_back({.at = dir.guest,
                       .drive = IsVolume(dir) ? VolumeDrive(drives++) : "",
                       .size = (dir.size.count > 0 ? dir.size : kScratchSize).count,
                       .read_only = dir.mode == Mode::kVolumeReadOnly});
  }
  return volumes;
}

// On the worker.
Result<std::vector<OpenDrive>> OpenNow(const std::vector<model::DirGrant>& dirs) {
  std::vector<OpenDrive> drives;
  for (const model::DirGrant& dir : dirs) {
    if (!IsVolume(dir)) continue;
    const bool read_only = dir.mode == Mode::kVolumeReadOnly;
    auto file = host::OpenAsDrive(
        dir.host, read_only ? host::DriveAccess::kReadOnly : host::DriveAccess::kWrite);
    if (!file) return Wrap(std::move(file).error(), "volume at " + dir.guest);
    drives.push_back({std::move(*file), read_only});
  }
  return drives;
}

Result<void> CheckDirs(const std::vector<model::DirGrant>& dirs) {
  std::size_t drives = 0;
  for (const model::DirGrant& dir : dirs) {
    if (!IsVolume(dir) && dir.mode != Mode::kScratch) {
      return Fail(Errc::kUnsupported,
                  "directory grant '" + dir.guest +
                      "': a microVM sees no directory of the host: its kernel has no 9P; use a "
                      "named volume");
    }
    if (auto place = CheckDirectory(dir); !place) return place;
    if (IsVolume(dir)) ++drives;
  }
  if (drives <= kMostDrives) return {};
  return Fail(Errc::kUnsupported, "a microVM has drives for " + std::to_string(kMostDrives) +
                                      " named volumes, not " + std::to_string(drives));
}

// What a snapshot depends on: the program is told later.
std::string Name(const artifact::RootImage& root, Devices devices) {
  std::string all = devices.card ? "with a network card:" : "";
  if (devices.drives > 0) all += "with drives:" + std::to_string(devices.drives) + ":";
  for (const std::string& layer : root.lower) all += layer + ":";
  return all;
}

}  // namespace

MicrovmImage::MicrovmImage(std::shared_ptr<Shared> shared, artifact::RootImage root)
    : shared_(std::move(shared)), root_(std::move(root)) {
  ++shared_->metrics.images;
}

MicrovmImage::MicrovmImage(const MicrovmImage& origin, std::shared_ptr<const Snapshot> snapshot,
                           Spec spec)
    : shared_(origin.shared_), root_(origin.root_), saved_(std::move(spec)) {
  const Devices devices = snapshot->devices;
  snapshots_.emplace(devices, std::move(snapshot));
  saved_->effects = {};
  ++shared_->metrics.images;
}

Task<void> MicrovmImage::Warm() {
  Spec plain;
  auto booted = co_await Booted(saved_ ? *saved_ : plain);
  if (!booted) co_return std::unexpected(std::move(booted).error());
  co_return Result<void>{};
}

Task<std::shared_ptr<const Snapshot>> MicrovmImage::Booted(const Spec& spec) {
  const auto self = shared_from_this();  // the image may be dropped meanwhile
  const Devices devices = DevicesFor(spec);
  auto& snapshot = snapshots_[devices];
  Timer timer(shared_->loop.get_executor());
  while (booting_) {
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
  if (!snapshot && shared_->config.snapshots) {
    const auto known = shared_->config.snapshots->find(Name(root_, devices));
    if (known != shared_->config.snapshots->end()) snapshot = known->second;
  }
  if (snapshot) co_return snapshot;
  // Also when the coroutine is destroyed in the middle.
  struct Booting {
    bool& flag;
    explicit Booting(bool& of) : flag(of) { flag = true; }
    Booting(const Booting&) = delete;
    Booting& operator=(const Booting&) = delete;
    ~Booting() { flag = false; }
  } const booting(booting_);
  auto made = co_await MakeSnapshot(shared_, root_, shared_->config.machine_memory, devices);
  if (made) snapshot = *made;
  if (made && shared_->config.snapshots) {
    shared_->config.snapshots->emplace(Name(root_, devices), *made);
  }
  co_return made;
}

Task<std::vector<OpenDrive>> MicrovmImage::OpenDrives(const Spec& spec) const {
  Timer timer(shared_->loop.get_executor());
  for (auto waited = kLookAgain;; waited += kLookAgain) {
    std::move_only_function<Result<std::vector<OpenDrive>>()> open = [dirs = spec.grants.dirs] {
      return OpenNow(dirs);
    };
    auto drives = co_await shared_->worker->Run(std::move(open));
    const bool in_use = !drives && drives.error().code == Errc::kFailedPrecondition;
    if (!in_use || waited > shared_->config.volume_patience) co_return drives;
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(kAwait);
  }
}

Task<std::shared_ptr<Machine>> MicrovmImage::Start(const Spec& spec,
                                                   std::unique_ptr<egress::Outlet>& outlet) {
  auto snapshot = co_await Booted(spec);
  if (!snapshot) co_return std::unexpected(std::move(snapshot).error());
  std::optional<egress::Egress::Plugged> plugged;
  Behind behind;
  if ((*snapshot)->devices.card) {
    auto made = shared_->config.egress->Plug(spec);
    if (!made) co_return std::unexpected(std::move(made).error());
    plugged.emplace(std::move(*made));
    behind.tap = plugged->tap.get();
    behind.address = plugged->address.ToString();
  }
  // The machine has them open, too, once it is started; when it ends, nobody has.
  const auto drives = co_await OpenDrives(spec);
  if (!drives) co_return std::unexpected(drives.error());
  for (const OpenDrive& each : *drives) {
    behind.drives.push_back({each.file.get(), each.read_only});
  }
  if (!serves()) behind.volumes = VolumesFor(spec);
  auto machine = co_await Restore(shared_, std::move(*snapshot), UniqueName(spec.id), spec.id,
                                  std::move(behind));
  if (machine && plugged) outlet = std::move(plugged->outlet);
  co_return machine;
}

bool MicrovmImage::HasDrives(const Spec& spec) { return DevicesFor(spec).drives > 0; }

Result<void> MicrovmImage::Check(const Spec& spec) const {
  if (auto good = CheckId(spec.id); !good) return good;
  const Config& config = shared_->config;
  auto limits = CheckProgramLimits(spec.limits, config.memory, "a microVM");
  if (!limits) return limits;
  if (auto network = CheckNetwork(spec); !network) return network;
  if (in_container() && !spec.grants.dirs.empty()) {
    return Fail(Errc::kUnsupported, "a container in a microVM has no volumes and directories yet");
  }
  if (auto dirs = CheckDirs(spec.grants.dirs); !dirs) return dirs;
  if (saved_ && saved_->grants.dirs != spec.grants.dirs) {
    return Fail(Errc::kUnsupported, "a snapshot goes on with the volumes it was taken with");
  }
  if (saved_ && !(saved_->limits == spec.limits && saved_->env == spec.env)) {
    return Fail(Errc::kUnsupported,
                "a snapshot goes on with the limits and variables it was taken with");
  }
  return {};
}

Result<void> MicrovmImage::CheckNetwork(const Spec& spec) const {
  if (saved_ && saved_->grants.http.empty() != spec.grants.http.empty()) {
    return Fail(Errc::kUnsupported,
                "grants.http: a snapshot goes on with the network card it was taken with, or none");
  }
  if (spec.grants.http.empty()) return {};
  if (!shared_->config.egress) {
    return Fail(Errc::kUnsupported, "grants.http: a microVM has no network here");
  }
  return shared_->config.egress->CheckPlug(spec.grants.http);
}

Result<std::unique_ptr<Sandbox>> MicrovmImage::Create(const Spec& spec) {
  if (auto good = Check(spec); !good) return std::unexpected(std::move(good).error());
  if (shared_->metrics.sandboxes_live >= shared_->config.max_sandboxes) {
    ++shared_->metrics.refused_full;
    return Fail(Errc::kResourceExhausted,
                "no room for another microVM: " + std::to_string(shared_->config.max_sandboxes) +
                    " are live");
  }
  auto self = std::static_pointer_cast<MicrovmImage>(shared_from_this());
  return std::make_unique<MicrovmSandbox>(shared_, std::move(self), spec);
}

Program MicrovmImage::MakeProgram(const Spec& spec, const model::Env& more) const {
  model::Env env = more;
  env.insert(spec.env.begin(), spec.env.end());
  Program program{.args = root_.args,
                  .env = {},
                  .cwd = root_.cwd,
                  .uid = root_.uid,
                  .gid = root_.gid,
                  .memory = spec.limits.memory.count,
                  .pids = shared_->config.pids};
  if (in_container()) program.container = ContainerConfig(shared_->config, root_, spec, env);
  program.env = std::move(env);
  program.env.insert(root_.env.begin(), root_.env.end());
  return program;
}

Program MicrovmImage::MakeSideProgram(const Spec& spec, const sandbox::Program& program) const {
  Program beside = MakeProgram(spec, program.env);
  beside.args = program.args;
  beside.beside = true;
  if (program.terminal) beside.terminal = {program.terminal->rows, program.terminal->columns};
  // A port is the machine's, and the agent reaches it without a start of the runtime.
  const bool dials =
      program.args.size() > 1 && program.args[0] == kAgentInside && program.args[1] == "dial";
  beside.container.clear();
  if (in_container() && !dials) {
    model::Env env = program.env;
    env.insert(spec.env.begin(), spec.env.end());
    beside.container = ContainerProcess(root_, env, program);
  }
  return beside;
}

}  // namespace strata::sandbox::microvm
