#include "sandbox/container/driver.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "sandbox/container/bundle.h"
#include "sandbox/container/image.h"
#include "sandbox/container/shared.h"

namespace strata::sandbox::container {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kRuntimes[] = {"/usr/bin/crun", "/usr/sbin/runc", "/usr/bin/runc"};
constexpr std::chrono::seconds kProbePatience{10};
constexpr std::chrono::milliseconds kAskAgain{1};

Result<host::ExitStatus> WaitBlocking(host::Process& process, SteadyClock::time_point end) {
  while (SteadyClock::now() < end) {
    if (const auto status = process.Poll()) return *status;
    std::this_thread::sleep_for(kAskAgain);
  }
  return Fail(Errc::kDeadlineExceeded, "the container did not end");
}

// On the worker: this host's own files are the root, so nothing has to be unpacked.
Result<void> RunTrue(Shared& shared) {
  Bundle bundle(shared, {.id = "probe",
                         .image = {.lower = {"/"}, .args = {"/bin/true"}},
                         .grants = {},
                         .limits = {.memory = shared.config.min_memory,
                                    .cpu_millis = shared.config.cpu_millis,
                                    .pids = shared.config.pids}});
  const auto end = SteadyClock::now() + kProbePatience;
  auto started = bundle.Start({});
  if (!started) return std::unexpected(std::move(started).error());
  const auto runtime = WaitBlocking(started->runtime, end);
  if (!runtime) return std::unexpected(runtime.error());
  auto guest = bundle.Guest(*runtime);
  if (!guest) return std::unexpected(std::move(guest).error());
  const auto status = WaitBlocking(*guest, end);
  if (!status) return std::unexpected(status.error());
  if (!status->success()) return Fail(Errc::kUnsupported, "/bin/true: " + status->ToString());
  return {};
}

}  // namespace

Result<std::unique_ptr<ContainerDriver>> ContainerDriver::Create(Loop& loop, const Clock& clock,
                                                                 const Config& config) {
  if (config.runtime.empty() || !config.state_root.is_absolute()) {
    return Fail(Errc::kInvalidArgument, "container: no runtime or no state root is configured");
  }
  auto groups = host::Cgroups::Find(config.cgroup_parent);
  if (!groups) return Wrap(std::move(groups).error(), "container");
  const auto can = groups->CanEnforce(
      {.memory = config.max_memory, .cpu_millis = config.cpu_millis, .pids = config.pids});
  if (!can) return Wrap(can.error(), "container");
  auto runtime = OciRuntime::Load(config.runtime);
  if (!runtime) return Wrap(std::move(runtime).error(), "container");
  auto worker = Worker::Start();
  if (!worker) return Wrap(std::move(worker).error(), "container");
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return FailErrno("be a subreaper", errno);
  ::signal(SIGPIPE, SIG_IGN);
  std::shared_ptr<Shared> shared(new Shared{.loop = loop,
                                            .clock = clock,
                                            .config = config,
                                            .groups = std::move(*groups),
                                            .runtime = std::move(*runtime),
                                            .metrics = {},
                                            .worker = std::move(*worker)});
  return std::unique_ptr<ContainerDriver>(new ContainerDriver(std::move(shared)));
}

Result<void> ContainerDriver::Probe() {
  auto ran =
      shared_->worker->RunBlocking<void>([shared = shared_.get()] { return RunTrue(*shared); });
  if (ran) return {};
  return Fail(Errc::kUnsupported, "container: " + ran.error().message);
}

Result<std::shared_ptr<Image>> ContainerDriver::Prepare(Fd prepared) {
  auto root = artifact::ReadRootImage(prepared);
  if (!root) return std::unexpected(std::move(root).error());
  std::error_code error;
  for (const std::string& layer : root->lower) {
    if (!fs::is_directory(layer, error)) {
      return Fail(Errc::kNotFound, "container image: layer " + layer + " is no directory");
    }
  }
  return std::make_shared<ContainerImage>(shared_, std::move(*root));
}

const Metrics& ContainerDriver::metrics() const noexcept { return shared_->metrics; }

Result<fs::path> ChooseRuntime(const Config& config) {
  Loop loop;
  const SystemClock clock;
  std::string reasons;
  for (const char* runtime : kRuntimes) {
    if (::access(runtime, X_OK) != 0) continue;
    Config with = config;
    with.runtime = runtime;
    auto driver = ContainerDriver::Create(loop, clock, with);
    if (!driver) return std::unexpected(std::move(driver).error());
    auto probed = (*driver)->Probe();
    if (probed) return with.runtime;
    reasons += std::string("; ") + runtime + ": " + probed.error().message;
  }
  if (reasons.empty()) reasons = "; neither crun nor runc is installed";
  return Fail(Errc::kUnsupported, "no OCI runtime runs containers on this host" + reasons);
}

}  // namespace strata::sandbox::container
