#include "sandbox/microvm/driver.h"

#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "artifact/store/root_image.h"
#include "sandbox/agent_dial.h"
#include "sandbox/microvm/image.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/machine/protocol.h"
#include "sandbox/microvm/machine/snapshot.h"
#include "sandbox/microvm/shared.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKvm = "/dev/kvm";
constexpr std::chrono::milliseconds kKvmPatience{5'000};

bool MayOpenKvm(const Config& config) {
  struct stat device = {};
  if (::stat(kKvm, &device) != 0) return false;
  const bool by_group = device.st_gid == config.user.gid && (device.st_mode & 0060) == 0060;
  return by_group || (device.st_mode & 0006) == 0006;
}

// Runs the agent in a container, as a program that does nothing.
Task<void> RunContainer(std::shared_ptr<Shared> shared, artifact::RootImage root,
                        std::shared_ptr<const Snapshot> snapshot) {
  const Spec spec{.id = "probe"};
  std::string name = UniqueName(spec.id);
  std::string hostname = spec.id;
  Behind nothing;
  auto machine = co_await Restore(shared, std::move(snapshot), std::move(name), std::move(hostname),
                                  std::move(nothing));
  if (!machine) co_return std::unexpected(std::move(machine).error());
  root.args = {kAgentInside, "end", "0", "0"};
  const MicrovmImage image(shared, std::move(root));
  (*machine)->Post(FrameType::kStart, WriteProgram(image.MakeProgram(spec, {})), kMain);
  auto ended = co_await (*machine)->Expect(FrameType::kExit, shared->config.boot_patience);
  if (!ended) co_return Wrap(std::move(ended).error(), "start a container in a machine");
  const auto outcome = ReadOutcome(ended->payload);
  if (outcome && !outcome->signaled && outcome->status == 0) co_return Result<void>{};
  co_return Fail(Errc::kInternal, "a container in a machine ended as its program does not");
}

// On a loop of its own.
Result<void> BootEmpty(const Config& config) {
  Loop loop;
  const SystemClock clock;
  auto driver = MicrovmDriver::Create(loop, clock, config);
  if (!driver) return std::unexpected(std::move(driver).error());
  return (*driver)->Probe();
}

}  // namespace

Result<Config> ChooseAccelerator(Config config) {
  config.accelerator = Accelerator::kTcg;
  if (!MayOpenKvm(config)) return config;
  Config with = config;
  with.accelerator = Accelerator::kKvm;
  with.boot_patience = kKvmPatience;
  if (!BootEmpty(with)) return config;
  with.boot_patience = config.boot_patience;
  return with;
}

Result<std::unique_ptr<MicrovmDriver>> MicrovmDriver::Create(Loop& loop, const Clock& clock,
                                                             const Config& config) {
  auto shared = MakeShared(loop, clock, config);
  if (!shared) return std::unexpected(std::move(shared).error());
  ::signal(SIGPIPE, SIG_IGN);  // a program's streams may end before it does
  return std::unique_ptr<MicrovmDriver>(new MicrovmDriver(std::move(*shared)));
}

Result<void> MicrovmDriver::Probe() {
  // A loop of its own, so that it can be asked on any: the driver's may be running.
  Loop loop;
  std::shared_ptr<Shared> shared(new Shared{
      .loop = loop,
      .clock = shared_->clock,
      .config = shared_->config,
      .groups = shared_->groups,
      .kernel = {DuplicateFd(shared_->kernel.file).value_or(Fd()), shared_->kernel.version,
                 DuplicateFd(shared_->kernel.initrd).value_or(Fd())},
      .tsc_khz = shared_->tsc_khz,
      .metrics = {},
      .worker = nullptr});
  auto worker = Worker::Start();
  if (!worker) return std::unexpected(std::move(worker).error());
  shared->worker = std::move(*worker);
  // Two directories that hold nothing a guest needs; it only has to come up.
  artifact::RootImage root{.lower = {"/usr/share/doc/base-files"}, .args = {"/none"}};
  std::optional<Result<void>> outcome;
  Spawn(loop,
        [](std::shared_ptr<Shared> with, artifact::RootImage empty,
           std::optional<Result<void>>& to) -> Awaitable<void> {
          const Bytes size = with->config.machine_memory;
          auto made = co_await MakeSnapshot(with, empty, size, Devices{});
          Result<void> done = made ? Result<void>{} : std::unexpected(made.error());
          if (done && !with->config.runtime.empty()) {
            done = co_await RunContainer(with, std::move(empty), std::move(*made));
          }
          to.emplace(std::move(done));
        }(shared, std::move(root), outcome));
  loop.run();
  if (!*outcome) return Fail(Errc::kUnsupported, "microvm: " + outcome->error().message);
  return {};
}

std::string_view MicrovmDriver::name() const noexcept {
  return model::ClassName(shared_->config.runtime.empty() ? model::Class::kMicrovm
                                                          : model::Class::kContainerInMicrovm);
}

Result<std::shared_ptr<Image>> MicrovmDriver::Prepare(Fd prepared) {
  auto root = artifact::ReadRootImage(prepared);
  if (!root) return std::unexpected(std::move(root).error());
  std::error_code error;
  for (const std::string& layer : root->lower) {
    if (!fs::is_directory(layer, error)) {
      return Fail(Errc::kNotFound, "image: layer " + layer + " is no directory");
    }
  }
  return std::make_shared<MicrovmImage>(shared_, std::move(*root));
}

const Metrics& MicrovmDriver::metrics() const noexcept { return shared_->metrics; }

}  // namespace strata::sandbox::microvm
