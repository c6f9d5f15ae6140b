#include "kube/shim/wasm/backend.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "artifact/artifact.h"
#include "artifact/regular_file.h"
#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/byte_view.h"
#include "cell/roles/command_plan.h"
#include "cell/start/given_mounts.h"
#include "host/files/detached_mount.h"
#include "host/files/memfd.h"
#include "host/process/fdpass.h"
#include "host/process/pipe.h"
#include "kube/shim/config_json.h"
#include "kube/shim/pod/network.h"
#include "kube/shim/task/own_group.h"
#include "kube/shim/wasm/artifact.h"
#include "kube/shim/wasm/modules.h"
#include "sandbox/worker.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kOomScoreFile = 1_KiB;

// `path` in `root`, whatever links lie in it: none leads out.
Result<Fd> OpenInRoot(const std::string& root, const std::string& path) {
  const auto top = OpenFile(root, O_PATH | O_DIRECTORY);
  if (!top) return std::unexpected(top.error());
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Fd opened(static_cast<int>(::syscall(SYS_openat2, top->get(), path.c_str(), &how, sizeof(how))));
  if (!opened.valid())
    return FailErrno("class wasm: open the module " + path + " in the container", errno);
  return opened;
}

// What containerd makes of a wasm artifact: it unpacks layers of images only.
bool IsWithoutFiles(const std::string& root) {
  std::error_code ignored;
  return fs::is_empty(root, ignored);
}

// Nothing: there are no files in the root.
Result<std::optional<WasmModule>> ReadModule(const std::string& root, const std::string& path) {
  const auto file = OpenInRoot(root, path);
  if (!file && IsWithoutFiles(root)) return std::nullopt;
  if (!file) return std::unexpected(file.error());
  auto bytes = artifact::ReadRegular(*file, artifact::kArtifactLimit, path);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  std::string digest = Sha256Hex(AsText(*bytes));
  return WasmModule{.bytes = std::move(*bytes), .digest = std::move(digest)};
}

// A mount of its own for what must not be changed; a write would be refused by the kernel.
Result<Fd> OpenDirectory(const std::string& path, bool writable) {
  if (writable) return OpenFile(path, O_PATH | O_DIRECTORY);
  return host::CloneReadOnly(path, host::MountsBelow::kToo);
}

// The directories that a cell sees.
struct Shown {
  std::vector<Fd> held;
  std::vector<cell::GivenVolume> volumes;

  void Add(Fd directory, std::string guest, bool writable) {
    using Mode = model::DirGrant::Mode;
    volumes.push_back({.fd = -1,
                       .mode = writable ? Mode::kVolume : Mode::kVolumeReadOnly,
                       .image = std::move(guest)});
    held.push_back(std::move(directory));
  }
};

// The root and what is mounted over it.
Result<Shown> Show(const WasmConfig& config, const std::string& root) {
  Shown shown;
  auto top = OpenDirectory(root, config.root_writable);
  if (!top) return std::unexpected(std::move(top).error());
  shown.Add(std::move(*top), "/", config.root_writable);
  for (const WasmConfig::Directory& mount : config.mounts) {
    std::error_code ignored;
    if (!fs::is_directory(mount.host, ignored)) {
      if (IsUsualFile(mount.guest)) continue;
      return Fail(Errc::kUnsupported,
                  "mount " + mount.guest + ": a wasm container sees directories, and this is none");
    }
    auto opened = OpenDirectory(mount.host, mount.writable);
    if (!opened) return Wrap(std::move(opened).error(), "mount " + mount.guest);
    shown.Add(std::move(*opened), mount.guest, mount.writable);
  }
  return shown;
}

// The annotation with the limits reaches every container of the pod; a command has no requests.
cell::CommandPlan PlanOf(const WasmConfig& config, std::size_t listeners) {
  cell::CommandPlan plan{.arguments = config.arguments,
                         .environment = config.environment,
                         .listeners = static_cast<int>(listeners),
                         .limits = listeners > 0 ? config.request_limits : std::nullopt};
  if (config.group.limits.memory.count > 0)
    plan.memory = std::min(plan.memory, config.group.limits.memory);
  return plan;
}

// config.json's, or ours, as a program that we start would have it; not the zygote's.
Result<void> SetOomScore(pid_t pid, std::optional<int> wanted) {
  const Result<std::string> score =
      wanted ? std::to_string(*wanted) : ReadFile("/proc/self/oom_score_adj", kOomScoreFile);
  if (!score) return std::unexpected(score.error());
  const auto file = OpenFile("/proc/" + std::to_string(pid) + "/oom_score_adj", O_WRONLY);
  if (!file) return std::unexpected(file.error());
  return WriteAll(file->get(), *score);
}

}  // namespace

Task<void> WasmBackend::Make(ContainerProcess& first) {
  // Not needed again, and there may be thousands.
  const auto config = ReadWasmConfig(std::exchange(config_, Json()), name_space_);
  if (!config) co_return std::unexpected(config.error());
  if (first.names.terminal) {
    co_return Fail(Errc::kUnsupported, "a wasm container has no terminal");
  }
  const auto code = co_await Compile(*config);
  if (!code) co_return std::unexpected(code.error());
  std::vector<Fd> listeners;
  if (code->kind == model::GuestKind::kHttp) {
    auto listening = co_await Listen(*config);
    if (!listening) co_return std::unexpected(std::move(listening).error());
    listeners = std::move(*listening);
  }
  auto group = MakeOwnGroup(shared_.groups, bundle_, config->group);
  if (!group) co_return Wrap(std::move(group).error(), "class wasm");
  group_ = std::move(*group);
  co_return co_await Spawn(first, *config, *code, std::move(listeners));
}

Task<WasmCode> WasmBackend::Compile(const WasmConfig& config) {
  const auto turn = co_await shared_.modules.TurnOf(config.tenant);
  if (!turn) co_return std::unexpected(turn.error());
  auto module = co_await Read(config.arguments.front());
  if (!module) co_return std::unexpected(std::move(module).error());
  auto code = co_await shared_.modules.Compile(std::move(*module));
  if (!code) co_return Wrap(std::move(code).error(), config.arguments.front());
  co_return std::move(*code);
}

// The file `path` of the root; where an image has no files, its artifact.
Task<WasmModule> WasmBackend::Read(const std::string& path) {
  std::move_only_function<Result<std::optional<WasmModule>>()> read =
      [root = bundle_ + "/rootfs", path] { return ReadModule(root, path); };
  auto file = co_await shared_.worker->Run(std::move(read));
  if (!file) co_return std::unexpected(std::move(file).error());
  if (*file) co_return std::move(**file);
  // A thread of its own: it may take as long as containerd does.
  auto reader = sandbox::Worker::Start(sandbox::WorkerMounts::kShared);
  if (!reader) co_return std::unexpected(std::move(reader).error());
  std::move_only_function<Result<WasmModule>()> ask = [from = shared_.containerd,
                                                       space = name_space_, id = id_] {
    return ReadArtifact(from, space, id);
  };
  co_return co_await (*reader)->Run(std::move(ask));
}

Task<std::vector<Fd>> WasmBackend::Listen(const WasmConfig& config) {
  if (config.arguments.size() > 1) {
    co_return Fail(Errc::kUnsupported, "a wasi:http component takes no arguments");
  }
  if (config.network == WasmConfig::Network::kNone) {
    co_return Fail(Errc::kUnsupported,
                   "a wasi:http component needs a network to answer in, and this container has a "
                   "new one that leads nowhere: give it a pod's, or the host's");
  }
  std::move_only_function<Result<std::vector<Fd>>()> listen =
      [path = config.network_path, port = config.http_port] { return ListenAt(path, port); };
  co_return co_await shared_.worker->Run(std::move(listen));
}

Task<void> WasmBackend::Spawn(ContainerProcess& first, const WasmConfig& config,
                              const WasmCode& code, std::vector<Fd> listeners) {
  // A thread of its own: a volume whose server does not answer holds up no other container.
  auto looker = sandbox::Worker::Start(sandbox::WorkerMounts::kShared);
  if (!looker) co_return std::unexpected(std::move(looker).error());
  std::move_only_function<Result<Shown>()> show = [config, root = bundle_ + "/rootfs"] {
    return Show(config, root);
  };
  auto shown = co_await (*looker)->Run(std::move(show));
  if (!shown) co_return std::unexpected(std::move(shown).error());
  const cell::CommandPlan plan = PlanOf(config, listeners.size());
  const auto told = host::MakeSealedMemfd("strata-plan", AsBytes(cell::ToText(plan)));
  if (!told) co_return std::unexpected(told.error());
  auto begin = host::MakePipe();
  if (!begin) co_return std::unexpected(std::move(begin).error());
  const auto null = OpenFile("/dev/null", O_RDWR);
  if (!null) co_return std::unexpected(null.error());
  const auto stream = [&](int fd) { return fd < 0 ? null->get() : fd; };
  WasmZygotes::Wanted wanted{
      .tenant = config.tenant,
      .user = config.user,
      .request = {.module = code.digest,
                  .slots = cell::SlotsOf(plan),
                  .listeners = listeners.size(),
                  .volumes = std::move(shown->volumes)},
      .code = code.size,
      .fds = {stream(first.stdio.in()), stream(first.stdio.out()), stream(first.stdio.err()),
              code.file->get(), begin->read.get(), told->get()}};
  for (const std::vector<Fd>& more : {std::cref(listeners), std::cref(shown->held)}) {
    for (const Fd& each : more) wanted.fds.push_back(each.get());
  }
  if (wanted.fds.size() > host::kMaxPassedFds) {
    co_return Fail(Errc::kUnsupported, "a wasm container with more directories than it can have");
  }
  auto child = co_await shared_.zygotes.Start(std::move(wanted));
  if (!child) co_return std::unexpected(std::move(child).error());
  zygote_ = std::move(child->use);
  const pid_t pid = child->process.pid();
  if (auto set = SetOomScore(pid, config.oom_score_adjust); !set) {
    co_return Wrap(std::move(set).error(), "set OOM score");
  }
  // Not by itself: who may write to a group's file may move any process of the host into it.
  std::move_only_function<Result<void>()> join = [group = group_, pid] { return group->Add(pid); };
  auto joined = co_await shared_.worker->Run(std::move(join));
  if (joined) joined = WriteAll(begin->write.get(), "g");
  if (!joined) co_return Wrap(std::move(joined).error(), "join the control group");
  first.process = std::move(child->process);
  begin_ = std::move(begin->write);
  co_return Result<void>();
}

Task<void> WasmBackend::Start() {
  auto begun = WriteAll(begin_.get(), "b");
  begin_.Reset();
  co_return begun;
}

Task<void> WasmBackend::Exec(ContainerProcess& /*exec*/) {
  co_return Fail(Errc::kUnsupported, "exec: a wasm container has one program and no others");
}

Task<void> WasmBackend::Update(std::string resources) {
  auto limited = LimitOwnGroup(group_.get(), resources);
  if (!limited) co_return Wrap(std::move(limited).error(), "class wasm");
  co_return Result<void>();
}

Task<void> WasmBackend::Remove() {
  begin_.Reset();
  if (!group_) co_return Result<void>();
  std::move_only_function<Result<void>()> remove = [group = group_] {
    return RemoveOwnGroup(*group);
  };
  co_return co_await shared_.worker->Run(std::move(remove));
}

}  // namespace strata::kube::shim
