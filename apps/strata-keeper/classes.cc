#include "classes.h"

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files/unique_directory.h"
#include "host/confine/user_range.h"
#include "host/probe.h"
#include "host/process/process.h"
#include "sandbox/abilities.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/microvm/driver.h"
#include "sandbox/microvm/layers.h"
#include "sandbox/oci/oci_driver.h"
#include "telemetry/log.h"

namespace strata {
namespace {

namespace fs = std::filesystem;
using keeper::Start;
using model::Class;
using sandbox::Driver;
using sandbox::egress::Egress;

// It is installed beside us.
fs::path AgentProgram() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path() / "strata-agent";
}

// Of a class of OCI runtimes, before one is chosen.
sandbox::oci::Config OciConfigOf(const Start& start, Class sandbox_class) {
  sandbox::oci::Config config;
  config.state_root = fs::path(start.state_root) / ClassName(sandbox_class);
  config.cgroup_parent = start.cgroup_parent;
  config.max_sandboxes = start.max_sandboxes;
  config.agent = AgentProgram();
  return config;
}

// What works on this host for it.
Result<sandbox::oci::Config> ChooseOci(const Start& start, Class sandbox_class) {
  sandbox::oci::Config config = OciConfigOf(start, sandbox_class);
  if (sandbox_class == Class::kAppkernel) return sandbox::appkernel::ChooseRuntime(config);
  auto users = host::UserRange::Take(start.instance + "/" + start.tenant);
  if (!users) return std::unexpected(std::move(users).error());
  config.users = std::move(*users);
  return sandbox::container::ChooseRuntime(std::move(config));
}

Result<std::unique_ptr<Driver>> MakeOci(Loop& loop, const Clock& clock,
                                        const Result<sandbox::oci::Config>& config) {
  if (!config) return std::unexpected(config.error());
  return sandbox::oci::OciDriver::Create(loop, clock, *config);
}

// Containers of a host that cannot give them users run all the same: whoever reads the log is told.
void WarnOfNoUsers(const Start& start, const Clock& clock, const sandbox::oci::Config& container) {
  if (container.without_users.empty()) return;
  const auto log = telemetry::Logger::Open({}, clock);
  if (!log) return;
  log->Warn("containers run without a user namespace",
            {{"keeper", start.keeper}, {"why", container.without_users}});
}

// The same of virtual machines.
Result<sandbox::microvm::Config> ChooseMachines(const Start& start, Class sandbox_class) {
  sandbox::microvm::Config config;
  config.agent = AgentProgram();
  config.state_root = fs::path(start.state_root) / ClassName(sandbox_class);
  config.cgroup_parent = start.cgroup_parent;
  config.max_sandboxes = start.max_sandboxes;
  config.user = sandbox::microvm::MachineUser(start.instance + "/" + start.keeper);
  if (sandbox_class == Class::kContainerInMicrovm) {
    auto with = sandbox::microvm::WithContainers(std::move(config));
    if (!with) return std::unexpected(std::move(with).error());
    config = std::move(*with);
  }
  return sandbox::microvm::ChooseAccelerator(std::move(config));
}

Result<std::unique_ptr<Driver>> MakeMachines(Loop& loop, const Clock& clock,
                                             const Result<sandbox::microvm::Config>& config) {
  if (!config) return std::unexpected(config.error());
  return sandbox::microvm::MicrovmDriver::Create(loop, clock, *config);
}

// `make` with what was found to work, on the loop.
template <typename Config>
Result<keeper::MakeDriverFn> WithEgress(
    Result<Config> config, EgressFn egress_of,
    Result<std::unique_ptr<Driver>> (*make)(Loop&, const Clock&, const Result<Config>&), Loop& loop,
    const Clock& clock) {
  if (!config) return std::unexpected(std::move(config).error());
  return [&loop, &clock, make, config = std::move(config),
          egress_of = std::move(egress_of)]() mutable {
    config->egress = egress_of();
    return make(loop, clock, config);
  };
}

}  // namespace

Result<keeper::MakeDriverFn> TryClass(Loop& loop, const Clock& clock, Class sandbox_class,
                                      const Start& start, EgressFn egress_of) {
  switch (sandbox_class) {
    case Class::kContainer:
    case Class::kAppkernel: {
      auto config = ChooseOci(start, sandbox_class);
      if (config) WarnOfNoUsers(start, clock, *config);
      return WithEgress(std::move(config), std::move(egress_of), MakeOci, loop, clock);
    }
    case Class::kMicrovm:
    case Class::kContainerInMicrovm:
      return WithEgress(ChooseMachines(start, sandbox_class), std::move(egress_of), MakeMachines,
                        loop, clock);
    case Class::kWasm:
      break;
  }
  return Fail(Errc::kInvalidArgument, "wasm runs in cells");
}

namespace {

// Whether containers have users of their own.
host::Feature UsersOf(const Result<sandbox::oci::Config>& container) {
  const bool have = container && container->users;
  std::string why = container ? container->without_users : container.error().message;
  return {.name = "container-user-namespace",
          .available = have,
          .detail = have ? "ran one as users from " + std::to_string(container->users->first())
                         : std::move(why),
          .without = "root in a container is the host's user 0, without capabilities"};
}

// Each runtime of containers by itself: the class runs on the first that works.
void TryRuntimes(const Start& start, bool is_root, std::vector<host::Feature>& found) {
  constexpr const char* kWithout = "containers run on another runtime, if one is here";
  if (!is_root) {
    for (const char* name : {"crun", "runc"}) {
      found.push_back({std::string("runtime-") + name, false, "needs root", kWithout});
    }
    return;
  }
  for (const auto& each : sandbox::container::TryRuntimes(OciConfigOf(start, Class::kContainer))) {
    found.push_back({"runtime-" + each.name, each.works, each.detail, kWithout});
  }
}

// What a class runs on here, for people.
std::string EngineOf(const sandbox::oci::Config& config) { return config.engine; }
std::string EngineOf(const sandbox::microvm::Config& config) {
  const bool kvm = config.accelerator == sandbox::microvm::Accelerator::kKvm;
  return kvm ? "QEMU with KVM" : "QEMU, emulated: no guest boots under KVM here";
}

// Runs a sandbox of the class.
template <typename Config>
host::Feature ClassFeature(Class sandbox_class, const Result<Config>& config,
                           const Result<std::unique_ptr<Driver>>& driver) {
  auto works = driver ? (*driver)->Probe() : std::unexpected(driver.error());
  const std::string name(model::ClassName(sandbox_class));
  return {.name = "class-" + name,
          .available = works.has_value(),
          .detail = works ? "ran a sandbox on " + EngineOf(*config) : works.error().message,
          .without = "images cannot be deployed in class " + name};
}

void ProbeClass(const Start& start, Class sandbox_class, std::vector<host::Feature>& found) {
  Loop loop;
  const SystemClock clock;
  const bool is_root = ::geteuid() == 0;
  const auto no_root = Fail(Errc::kUnsupported, "needs root");
  if (sandbox_class == Class::kContainer || sandbox_class == Class::kAppkernel) {
    Result<sandbox::oci::Config> config = no_root;
    if (is_root) config = ChooseOci(start, sandbox_class);
    if (sandbox_class == Class::kContainer) {
      TryRuntimes(start, is_root, found);
      found.push_back(UsersOf(config));
    }
    found.push_back(ClassFeature(sandbox_class, config, MakeOci(loop, clock, config)));
  } else {
    Result<sandbox::microvm::Config> config = no_root;
    if (is_root) config = ChooseMachines(start, sandbox_class);
    found.push_back(ClassFeature(sandbox_class, config, MakeMachines(loop, clock, config)));
  }
}

// Gives a sandbox a network that nobody uses, in a namespace where nothing of the host's is.
Result<void> TryNetwork() {
  if (::geteuid() != 0) return Fail(Errc::kUnsupported, "needs root");
  if (::unshare(CLONE_NEWNET) != 0) return FailErrno("make a network namespace", errno);
  Loop loop;
  auto egress = std::make_shared<Egress>(loop);
  const sandbox::Spec spec{.id = "probe", .grants = {.http = {{.host = "probe.invalid"}}}};
  if (auto can = egress->CheckJoin(spec.grants.http); !can) return can;
  Result<void> outcome = Fail(Errc::kInternal, "it did not end");
  Spawn(loop,
        [](std::shared_ptr<Egress> with, sandbox::Spec what, Result<void>& to) -> Awaitable<void> {
          auto joined = co_await with->Join(std::move(what));
          to = joined ? Result<void>{} : std::unexpected(joined.error());
        }(std::move(egress), spec, outcome));
  loop.run();
  return outcome;
}

}  // namespace

Json Probe() {
  std::vector<host::Feature> found = host::ProbeHost();
  const std::string name = "probe-" + std::to_string(::getpid());
  // Without one each class says what it lacks.
  const fs::path root =
      MakeUniqueDirectory(fs::temp_directory_path() / "strata-probe").value_or(fs::path());
  const Start start{.instance = "probe",
                    .keeper = name,
                    .tenant = "",
                    .state_root = root,
                    .cgroup_parent = "strata-" + name,
                    .max_sandboxes = 1};
  for (const Class each : model::kClasses) {
    if (each != Class::kWasm) ProbeClass(start, each, found);
  }
  std::error_code ignored;
  fs::remove_all(root, ignored);
  // The last, for it leaves the host's network.
  const auto network = TryNetwork();
  found.push_back({.name = "network-grants",
                   .available = network.has_value(),
                   .detail = network ? "made an interface" : network.error().message,
                   .without = "grants.http is refused in classes container and appkernel"});
  Json all = host::FeaturesToJson(found);
  all["classes"] = Json::array();
  for (const Class each : model::kClasses) {
    Json cannot = Json::array();
    for (const sandbox::Inability& one : sandbox::InabilitiesOf(each)) {
      cannot.push_back({{"verb", one.verb}, {"why", one.why}});
    }
    all["classes"].push_back({{"class", model::ClassName(each)}, {"cannot", std::move(cannot)}});
  }
  return all;
}

}  // namespace strata
