#include "sandbox/oci/bundle.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "base/files/files.h"
#include "base/text/json.h"
#include "host/confine/user_namespace.h"
#include "host/dial_in.h"
#include "host/process/orphans.h"
#include "host/process/pipe.h"
#include "host/process/terminal.h"
#include "sandbox/agent_dial.h"
#include "sandbox/oci/runtime/last_words.h"
#include "sandbox/oci/runtime/runtime_config.h"
#include "sandbox/oci/shown_directories.h"

namespace strata::sandbox::oci {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestNamedId = 40;
constexpr std::chrono::milliseconds kRemovePatience{5000};
constexpr std::chrono::milliseconds kReapPatience{100};  // for each that has left its group
constexpr Bytes kOwnFiles = Bytes::MiB(2);  // of ours in the tmpfs, beside what the guest may write
constexpr Bytes kMostWords = 64_KiB;
constexpr std::size_t kMaxMountOptions = 4095;  // one page with its zero

// A sandbox's id is unique among the living, but the last one of this name may still be going.
std::string UniqueName(const std::string& id) {
  static std::atomic<std::uint64_t> made = 0;
  return "c-" + id.substr(0, kLongestNamedId) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++made);
}

// With exactly `mode`, whatever the umask says.
Result<void> Mkdir(const fs::path& directory, mode_t mode) {
  if (::mkdir(directory.c_str(), mode) == 0 && ::chmod(directory.c_str(), mode) == 0) return {};
  return FailErrno("make " + directory.string(), errno);
}

Result<void> WriteNew(const fs::path& path, std::string_view text, mode_t mode) {
  auto file = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file) return std::unexpected(std::move(file).error());
  if (::fchmod(file->get(), mode) != 0) return FailErrno("write " + path.string(), errno);
  return WriteAll(file->get(), text);
}

Result<void> Mount(const char* type, const fs::path& target, unsigned long flags,
                   const std::string& options) {
  if (options.size() > kMaxMountOptions) {
    return Fail(Errc::kUnsupported, "mount " + target.string() + ": too many layers");
  }
  if (::mount(type, target.c_str(), type, flags, options.c_str()) == 0) return {};
  return FailErrno("mount " + std::string(type) + " on " + target.string(), errno);
}

// Ours is for a loop; the guest's end blocks, as programs expect.
Result<void> MakeOurs(const Fd& end) {
  if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) == 0) return {};
  return FailErrno("pipe", errno);
}

Error Complaint(const fs::path& log) {
  return {Errc::kInternal, "OCI runtime: " + LastWords(log).value_or("no reason given")};
}

// Zero: it has not been started.
pid_t ReadPid(const fs::path& file) {
  const auto text = ReadFile(file, 64_B);
  return text ? std::atoi(text->c_str()) : 0;
}

// At a terminal the runtime has ours as its own. One that leaves makes another inside and copies
// between the two; one that stays gives ours to the program.
Result<void> AtTerminal(const Program& program, bool stays, host::SpawnOptions& command) {
  command.stdout_fd = command.stderr_fd = program.in.get();
  command.terminal = host::ControllingTerminal::kStandardInput;
  if (auto sized = host::SetSize(program.in, *program.terminal); !sized) return sized;
  return stays ? Result<void>() : host::MakeRaw(program.in);
}

}  // namespace

Bundle::Bundle(Shared& shared, BundleSpec spec)
    : shared_(shared),
      spec_(std::move(spec)),
      name_(UniqueName(spec_.id)),
      directory_(shared.config.state_root / name_),
      root_(shared.users ? shared.config.roots / name_ : directory_ / "root") {}

// In the reverse order. What does not go within its patience stays for whoever looks after the
// host; nothing here could do more about it.
Bundle::~Bundle() {
  expected_.reset();
  if (group_) {
    Remember();
    if (group_->Remove(kRemovePatience)) {
      // They may still be on their way out, having left their group first.
      for (const host::ProcessId& id : killed_) host::ReapOrphan(id, kReapPatience);
    }
  }
  host::ReapOrphans();
  ::umount2(root_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  ::rmdir(root_.c_str());
  for (const model::DirGrant& dir : shown_.dirs) {
    if (!dir.host.empty()) ::umount2(dir.host.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  ::umount2(directory_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  ::rmdir(directory_.c_str());
}

Result<Starting> Bundle::Start(const model::Env& env, Purpose purpose) {
  if (!made_) {
    if (auto prepared = Prepare(); !prepared) return std::unexpected(std::move(prepared).error());
  }
  if (purpose == Purpose::kServer && shared_.config.server_pids > 0) {
    if (auto more = group_->Limit({.pids = shared_.config.server_pids}); !more) {
      return std::unexpected(std::move(more).error());
    }
  }
  if (auto written = WriteConfig(env, purpose); !written) {
    return std::unexpected(std::move(written).error());
  }
  auto in = host::MakePipe();
  if (!in) return std::unexpected(std::move(in).error());
  auto out = host::MakePipe();
  if (!out) return std::unexpected(std::move(out).error());
  auto err = host::MakePipe();
  if (!err) return std::unexpected(std::move(err).error());
  for (const Fd* ours : {&in->write, &out->read, &err->read}) {
    if (auto set = MakeOurs(*ours); !set) return std::unexpected(std::move(set).error());
  }
  auto command = shared_.runtime.RunCommand(
      directory_, name_, *group_, joined_.valid() ? NetworkKind::kJoined : NetworkKind::kNone);
  command.stdin_fd = in->read.get();
  command.stdout_fd = out->write.get();
  command.stderr_fd = err->write.get();
  if (!shared_.runtime.stays()) expected_.emplace();
  auto runtime = host::Process::Spawn(command);
  if (!runtime) return std::unexpected(std::move(runtime).error());
  return Starting{.runtime = std::move(*runtime),
                  .in = std::move(in->write),
                  .out = std::move(out->read),
                  .err = std::move(err->read)};
}

Result<void> Bundle::Prepare() {
  auto group = shared_.groups.Make(name_);
  if (!group) return std::unexpected(std::move(group).error());
  group_ = std::move(*group);
  if (auto limited = group_->Limit(spec_.limits); !limited) return limited;
  if (auto made = MakeDirectories(shared_.config.state_root); !made) return made;
  if (auto made = Mkdir(directory_, 0700); !made) return made;
  if (auto mounted = MountAll(); !mounted) return mounted;
  made_ = true;
  return {};
}

Result<void> Bundle::MountAll() {
  const Bytes size = shared_.config.writable + kOwnFiles;
  auto done = Mount("tmpfs", directory_, MS_NOSUID | MS_NODEV,
                    "mode=0700,size=" + std::to_string(size.count) +
                        ",nr_inodes=" + std::to_string(shared_.config.files));
  const fs::path upper = directory_ / "upper";
  const fs::path work = directory_ / "work";
  for (const fs::path& each : {upper, work, root_}) {
    if (done) done = Mkdir(each, 0755);
  }
  if (!done) return done;
  const auto* users = shared_.UsersOrNull();
  if (users != nullptr && ::chown(upper.c_str(), users->first(), users->first()) != 0) {
    return FailErrno("give " + upper.string() + " to the container's root", errno);
  }
  const auto layers = ShowLayers();
  if (!layers) return std::unexpected(layers.error());
  done = Mount("overlay", root_, MS_NOSUID | MS_NODEV,
               "lowerdir=" + *layers + ",upperdir=" + upper.string() + ",workdir=" + work.string());
  if (!done && users != nullptr && done.error().code == Errc::kInvalidArgument) {
    return Fail(Errc::kUnsupported, done.error().message + " (mapped layers need Linux 5.19)");
  }
  if (!done) return done;
  auto shown = ShowDirectories(spec_.grants, directory_, users);
  if (!shown) return std::unexpected(std::move(shown).error());
  shown_ = std::move(*shown);
  return {};
}

// The image's layers as overlayfs takes them: themselves, or mapped mounts of them.
Result<std::string> Bundle::ShowLayers() const {
  std::string layers;
  for (std::size_t i = 0; i < spec_.image.lower.size(); ++i) {
    std::string layer = spec_.image.lower[i];
    if (shared_.users) {
      auto mapped = shared_.users->Map(layer);
      if (!mapped) return Wrap(std::move(mapped).error(), "image layer " + layer);
      layer = directory_ / ("layer-" + std::to_string(i));
      auto done = Mkdir(layer, 0755);
      if (done) done = host::AttachMount(*mapped, layer);
      if (!done) return std::unexpected(std::move(done).error());
    }
    layers += (layers.empty() ? "" : ":") + layer;
  }
  return layers;
}

// Into the tmpfs: nothing to fsync, and what the last run left there is of no more use.
Result<void> Bundle::WriteConfig(const model::Env& env, Purpose purpose) {
  std::error_code error;
  for (const char* old : {"state", "runtime.log", "pid", "config.json", "resolv.conf"}) {
    fs::remove_all(directory_ / old, error);
  }
  std::string network;
  std::string resolv_conf;
  if (joined_.valid()) {
    if (auto hidden = HideNetworkOptions(); !hidden) return hidden;
    network = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(joined_.get());
    resolv_conf = directory_ / "resolv.conf";
    auto written = WriteNew(resolv_conf, egress::Egress::ResolvConf(), 0644);
    if (!written) return written;
  }
  const Json config = MakeRuntimeConfig(
      {.image = spec_.image,
       .env = env,
       .grants = shown_,
       .hostname = spec_.id,
       .root = root_,
       .cgroup_path = group_->path(),
       .limits = spec_.limits,
       .writable = shared_.config.writable,
       .files = shared_.config.files,
       .agent = purpose == Purpose::kCall ? std::string() : shared_.config.agent.string(),
       .gated = purpose == Purpose::kLaterCall,
       .network = std::move(network),
       .resolv_conf = std::move(resolv_conf),
       .users = shared_.UsersOrNull()});
  return WriteNew(directory_ / "config.json", DumpJson(config), 0600);
}

// In the worker's mount namespace, once: nothing there needs them.
Result<void> Bundle::HideNetworkOptions() const {
  if (!shared_.config.hide_network_options || ::access("/proc/sys/net/core", F_OK) != 0) return {};
  return Mount("tmpfs", "/proc/sys/net", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
}

Result<void> Bundle::CheckRuntime(const host::ExitStatus& runtime) const {
  constexpr int kRuntimeFailed = 128;  // runsc's, for what is not the guest's doing
  if (runtime != host::ExitStatus{host::ExitStatus::Kind::kExited, kRuntimeFailed}) return {};
  // A guest may return the same; then the runtime has nothing to complain about.
  if (!LastWords(directory_ / "runtime.log")) return {};
  return std::unexpected(Complaint(directory_ / "runtime.log"));
}

Result<host::Process> Bundle::Guest(const host::ExitStatus& runtime) {
  if (!runtime.success()) {
    expected_.reset();
    return std::unexpected(Complaint(directory_ / "runtime.log"));
  }
  auto text = ReadFile(directory_ / "pid", 64_B);
  if (!text) return std::unexpected(std::move(text).error());
  // Unreaped as long as nobody waits for it, so the pid is still this guest's, dead or alive.
  auto id = host::IdentifyProcess(std::atoi(text->c_str()));
  if (!id) return std::unexpected(std::move(id).error());
  const std::string network = "/proc/" + std::to_string(id->pid) + "/ns/net";
  network_ = Fd(::open(network.c_str(), O_RDONLY | O_CLOEXEC));  // gone already: nothing to dial
  auto guest = host::Process::Adopt(*id);
  expected_.reset();
  return guest;
}

Result<Fd> Bundle::Dial(std::uint16_t port) const {
  if (!network_.valid()) return Fail(Errc::kUnavailable, "the guest is not running");
  return host::DialIn(network_, port);
}

fs::path Bundle::ExecFile(const std::string& name, const char* what) const {
  return directory_ / (name + "." + what);
}

Result<host::SpawnOptions> Bundle::ExecCommand(const Program& program, const model::Env& env,
                                               const std::string& name) const {
  model::Env all = program.env;
  all.insert(env.begin(), env.end());
  const auto terminal = program.terminal ? Terminal::kYes : Terminal::kNo;
  const fs::path process = ExecFile(name, "json");
  std::error_code ignored;
  if (!fs::exists(process, ignored)) {
    auto file = OpenFile(process, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return std::unexpected(std::move(file).error());
    const Json what = MakeExecProcess(spec_.image, all, program.args, terminal);
    auto written = WriteAll(file->get(), DumpJson(what));
    if (!written) return std::unexpected(std::move(written).error());
  }
  return shared_.runtime.ExecCommand(
      directory_, name_, *group_,
      {.process = process, .pid = ExecFile(name, "pid"), .log = ExecFile(name, "log")});
}

Result<host::Process> Bundle::Exec(const Program& program, const model::Env& env,
                                   const std::string& name) {
  if (auto moves = CheckMoves(); !moves) return std::unexpected(std::move(moves).error());
  auto command = ExecCommand(program, env, name);
  if (!command) return std::unexpected(std::move(command).error());
  command->stdin_fd = program.in.get();
  command->stdout_fd = program.out.get();
  command->stderr_fd = program.err.get();
  if (program.terminal) {
    auto ready = AtTerminal(program, shared_.runtime.stays(), *command);
    if (!ready) return std::unexpected(std::move(ready).error());
  }
  return host::Process::Spawn(*command);
}

void Bundle::SignalExec(const std::string& name, int signal) {
  const pid_t leader = ReadPid(ExecFile(name, "pid"));
  if (leader <= 0 || !group_) return;
  if (shared_.runtime.stays()) return SignalInside(name + "-end", leader, signal);
  const auto members = group_->Members();
  if (!members) return;
  for (const pid_t pid : *members) {
    const auto id = host::IdentifyProcess(pid);
    if (!id || ::getsid(pid) != leader) continue;
    if (auto process = host::Process::Adopt(*id)) static_cast<void>(process->Kill(signal));
  }
}

// Only the guest's kernel knows its processes. What fails is made up for by the runtime's end.
void Bundle::SignalInside(const std::string& name, pid_t leader, int signal) {
  if (shared_.config.agent.empty() || !CheckMoves()) return;
  const Program end{.args = {kAgentInside, "end", std::to_string(leader), std::to_string(signal)}};
  if (const auto command = ExecCommand(end, {}, name)) {
    static_cast<void>(host::RunToEnd(*command, kRemovePatience, kMostWords));
  }
  static_cast<void>(FinishExec(name));
}

std::optional<std::string> Bundle::FinishExec(const std::string& name) {
  auto words = LastWords(ExecFile(name, "log"));
  std::error_code ignored;
  for (const char* what : {"log", "pid", "json"}) fs::remove(ExecFile(name, what), ignored);
  return words;
}

// What fails is made up for by the SIGKILL that follows.
void Bundle::Terminate() {
  static_cast<void>(host::RunToEnd(shared_.runtime.KillCommand(directory_, name_, "TERM"),
                                   kRemovePatience, kMostWords));
}

Result<void> Bundle::SetPaused(bool paused) {
  if (paused) frozen_ = true;
  auto done = paused ? group_->Freeze() : group_->Thaw();
  if (paused != done.has_value()) frozen_ = false;
  return done;
}

// What is started in a frozen group would stand still before it is its own, and with it who starts
// it.
Result<void> Bundle::CheckMoves() const {
  if (!frozen_) return {};
  return Fail(Errc::kFailedPrecondition, name_ + " is paused; resume it first");
}

// What is frozen cannot die.
void Bundle::Kill() {
  if (group_) static_cast<void>(group_->Thaw());
  Remember();
  if (group_) static_cast<void>(group_->Kill());
}

// A process that dies before the runtime has told us about it becomes an orphan of ours.
void Bundle::Remember() {
  if (!group_) return;
  const auto members = group_->Members();
  if (!members) return;
  for (const pid_t pid : *members) {
    auto id = host::IdentifyProcess(pid);
    if (id) killed_.push_back(std::move(*id));
  }
}

Result<host::CgroupUsage> Bundle::usage() const {
  if (!group_) return host::CgroupUsage{};
  return group_->Usage();
}

}  // namespace strata::sandbox::oci
