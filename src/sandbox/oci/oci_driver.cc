#include "sandbox/oci/oci_driver.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "base/files/files.h"
#include "host/confine/user_namespace.h"
#include "sandbox/oci/bundle.h"
#include "sandbox/oci/image.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {
namespace {

namespace fs = std::filesystem;
using Users = std::optional<host::UserNamespace>;
using SteadyClock = std::chrono::steady_clock;

// A platform that is broken here hangs for ever, an emulated or busy host takes a few seconds: what
// was too slow is waited for longer only if nothing else works.
constexpr std::chrono::seconds kProbePatience{10};
constexpr std::chrono::seconds kFirstPatience{2};
constexpr std::chrono::milliseconds kAskAgain{1};

Result<host::ExitStatus> WaitBlocking(host::Process& process, SteadyClock::time_point end) {
  while (SteadyClock::now() < end) {
    if (const auto status = process.Poll()) return *status;
    std::this_thread::sleep_for(kAskAgain);
  }
  return Fail(Errc::kDeadlineExceeded, "the container did not end");
}

// Why the runtime or /bin/true did not end well. One that was killed has said nothing.
std::unexpected<Error> Refusal(const host::ExitStatus& status, const std::string& why) {
  const bool said = status.kind == host::ExitStatus::Kind::kExited;
  return Fail(said ? Errc::kUnsupported : Errc::kUnavailable, why + ": " + status.ToString());
}

// On the worker: this host's own files are the root, so nothing has to be unpacked.
Result<void> RunTrue(Shared& shared, std::chrono::seconds patience) {
  Bundle bundle(shared, {.id = "probe",
                         .image = {.lower = {"/"}, .args = {"/bin/true"}},
                         .grants = {},
                         .limits = {.memory = shared.config.memory.least,
                                    .cpu_millis = shared.config.cpu_millis,
                                    .pids = shared.config.pids}});
  const auto end = SteadyClock::now() + patience;
  auto started = bundle.Start({});
  if (!started) return std::unexpected(std::move(started).error());
  const auto runtime = WaitBlocking(started->runtime, end);
  if (!runtime) return std::unexpected(runtime.error());
  auto status = runtime;
  if (shared.runtime.stays()) {
    if (auto good = bundle.CheckRuntime(*runtime); !good) {
      return Refusal(*runtime, good.error().message);
    }
  } else {
    auto guest = bundle.Guest(*runtime);
    if (!guest && !runtime->success()) return Refusal(*runtime, guest.error().message);
    if (!guest) return std::unexpected(std::move(guest).error());
    status = WaitBlocking(*guest, end);
  }
  if (!status) return std::unexpected(status.error());
  if (!status->success()) return Refusal(*status, "/bin/true");
  return {};
}

// On the worker, in whose mount namespace alone the roots are seen.
Result<Users> PrepareUsers(const Config& config) {
  if (!config.users) return std::nullopt;
  auto users = host::UserNamespace::Make(config.users->first());
  if (!users) return std::unexpected(std::move(users).error());
  // Images are kept on the same file system.
  if (auto made = MakeDirectories(config.state_root); !made) {
    return std::unexpected(std::move(made).error());
  }
  if (auto mapped = users->Map(config.state_root); !mapped) {
    return Wrap(std::move(mapped).error(), config.state_root);
  }
  if (auto made = MakeDirectories(config.roots); !made) {
    return std::unexpected(std::move(made).error());
  }
  if (::mount("tmpfs", config.roots.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=0711,size=64k") != 0) {
    return FailErrno("mount " + config.roots.string(), errno);
  }
  return std::move(*users);
}

// A runtime alone keeps about one processor busy, and waits in between.
std::size_t StartsAtOnce() {
  return std::size_t{3} * std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Result<std::unique_ptr<OciDriver>> OciDriver::Create(Loop& loop, const Clock& clock,
                                                     const Config& config) {
  if (config.runtime.empty() || !config.state_root.is_absolute()) {
    return Fail(Errc::kInvalidArgument,
                config.class_name + ": no runtime or no state root is configured");
  }
  auto groups = host::Cgroups::Find(config.cgroup_parent);
  if (!groups) return Wrap(std::move(groups).error(), config.class_name);
  const auto can = groups->CanEnforce(
      {.memory = config.memory.most, .cpu_millis = config.cpu_millis, .pids = config.pids});
  if (!can) return Wrap(can.error(), config.class_name);
  auto runtime = Runtime::Load(config);
  if (!runtime) return Wrap(std::move(runtime).error(), config.class_name);
  auto worker = Worker::Start();
  if (!worker) return Wrap(std::move(worker).error(), config.class_name);
  auto users = (*worker)->RunBlocking<Users>([&] { return PrepareUsers(config); });
  if (!users) return Wrap(std::move(users).error(), config.class_name);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return FailErrno("be a subreaper", errno);
  ::signal(SIGPIPE, SIG_IGN);
  std::shared_ptr<Shared> shared(new Shared{.loop = loop,
                                            .clock = clock,
                                            .config = config,
                                            .groups = std::move(*groups),
                                            .runtime = std::move(*runtime),
                                            .users = std::move(*users),
                                            .metrics = {},
                                            .starts{loop, StartsAtOnce()},
                                            .worker = std::move(*worker)});
  return std::unique_ptr<OciDriver>(new OciDriver(std::move(shared)));
}

Result<void> OciDriver::Probe() { return Probe(kProbePatience); }

Result<void> OciDriver::Probe(std::chrono::seconds patience) {
  auto ran = shared_->worker->RunBlocking<void>(
      [shared = shared_.get(), patience] { return RunTrue(*shared, patience); });
  return ran ? ran : Wrap(std::move(ran).error(), shared_->config.class_name);
}

Result<std::shared_ptr<Image>> OciDriver::Prepare(Fd prepared) {
  auto root = artifact::ReadRootImage(prepared);
  if (!root) return std::unexpected(std::move(root).error());
  std::error_code error;
  for (const std::string& layer : root->lower) {
    if (!fs::is_directory(layer, error)) {
      return Fail(Errc::kNotFound, "image: layer " + layer + " is no directory");
    }
    if (!shared_->users) continue;
    if (auto can = shared_->users->Map(layer); !can) {
      return Wrap(std::move(can).error(), "image: layer " + layer);
    }
  }
  return std::make_shared<OciImage>(shared_, std::move(*root));
}

const Metrics& OciDriver::metrics() const noexcept { return shared_->metrics; }

std::string_view OciDriver::name() const noexcept { return shared_->config.class_name; }

namespace {

// One look at all the choices.
Result<Config> FirstWithin(std::chrono::seconds patience, const Config& config,
                           std::span<const RuntimeChoice> choices) {
  Loop loop;
  const SystemClock clock;
  std::string reasons;
  std::string missing;
  Errc code = Errc::kUnsupported;
  for (const RuntimeChoice& choice : choices) {
    if (::access(choice.program.c_str(), X_OK) != 0) {
      const std::string program = choice.program.string();
      if (!missing.contains(program)) missing += (missing.empty() ? "" : ", ") + program;
      continue;
    }
    Config with = config;
    with.runtime = choice.program;
    with.runtime_arguments = choice.arguments;
    with.engine = choice.name;
    auto driver = OciDriver::Create(loop, clock, with);
    if (!driver) return std::unexpected(std::move(driver).error());
    auto probed = (*driver)->Probe(patience);
    if (probed) return with;
    reasons += "; " + choice.name + ": " + probed.error().message;
    // One that was too slow may work with more time, whatever became of the others.
    const Errc now = probed.error().code;
    if (now != Errc::kUnsupported && code != Errc::kDeadlineExceeded) code = now;
  }
  if (reasons.empty()) reasons = "; none is installed (looked for " + missing + ")";
  return Fail(code, config.class_name + ": no OCI runtime works on this host" + reasons);
}

}  // namespace

Result<Config> FirstThatWorks(const Config& config, std::span<const RuntimeChoice> choices) {
  auto found = FirstWithin(kFirstPatience, config, choices);
  if (found || found.error().code != Errc::kDeadlineExceeded) return found;
  return FirstWithin(kProbePatience, config, choices);
}

}  // namespace strata::sandbox::oci
