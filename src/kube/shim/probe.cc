#include "kube/shim/probe.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/unique_directory.h"
#include "base/text/byte_view.h"
#include "host/probe.h"
#include "kube/shim/installed.h"
#include "kube/shim/microvm/machines.h"
#include "kube/shim/task/runc.h"
#include "kube/shim/wasm/modules.h"
#include "model/values.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/microvm/shared.h"
#include "sandbox/oci/config.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;
using model::Class;

// The least that is a command.
constexpr std::string_view kCommand =
    R"((module (memory (export "memory") 1) (func (export "_start"))))";

// Where the sandboxes of this probe have what they need, and above their control groups.
struct Place {
  fs::path folder;
  std::string groups;

  [[nodiscard]] sandbox::oci::Config Oci(Class of) const {
    sandbox::oci::Config config;
    config.state_root = folder / model::ClassName(of);
    config.cgroup_parent = groups;
    config.agent = BesideUs("strata-agent");
    return config;
  }
};

// What was seen, or why it does not work.
using Seen = Result<std::string>;

Seen TryContainer(const Place& place) {
  if (auto found = FindRunc(); !found) return found;
  auto state = sandbox::container::TryRuntime(place.Oci(Class::kContainer), "runc");
  if (!state.works) return Fail(Errc::kUnsupported, std::move(state.detail));
  return std::move(state.detail);
}

Seen TryAppkernel(const Place& place) {
  auto chosen = sandbox::appkernel::ChooseRuntime(place.Oci(Class::kAppkernel));
  if (!chosen) return std::unexpected(std::move(chosen).error());
  return "ran a sandbox on " + chosen->engine;
}

Seen TryMicrovm(const Place& place) {
  auto chosen = ChooseMachines(BesideUs("strata-agent"),
                               place.folder / model::ClassName(Class::kMicrovm), place.groups);
  if (!chosen) return std::unexpected(std::move(chosen).error());
  Loop loop;
  const SystemClock clock;
  const auto shared = sandbox::microvm::MakeShared(loop, clock, *chosen);
  if (!shared) return std::unexpected(shared.error());
  const bool kvm = chosen->accelerator == sandbox::microvm::Accelerator::kKvm;
  return kvm ? "booted a machine with KVM"
             : "emulated: no guest boots under KVM here, and none was booted without";
}

Seen TryWasm() {
  Loop loop;
  WasmModules modules(loop, CellProgram());
  const ByteView text = AsBytes(kCommand);
  WasmModule module{.bytes = {text.begin(), text.end()}, .digest = "probe"};
  std::optional<Result<WasmCode>> made;
  Spawn(loop,
        [](WasmModules& with, WasmModule what,
           std::optional<Result<WasmCode>>& to) -> Awaitable<void> {
          auto outcome = co_await with.Compile(std::move(what));
          to.emplace(std::move(outcome));
        }(modules, std::move(module), made));
  loop.run();
  if (!*made) return std::unexpected(made->error());
  return "compiled a program in a confined strata-cell";
}

host::Feature FeatureOf(Class of, Seen seen) {
  const std::string name(model::ClassName(of));
  return {.name = "class-" + name,
          .available = seen.has_value(),
          .detail = seen ? *std::move(seen) : std::move(seen).error().message,
          .without = "no pods of class " + name + " on this node"};
}

}  // namespace

Json Probe() {
  const std::string name = "strata-probe-" + std::to_string(::getpid());
  // Without a folder each class says what it lacks.
  const Place place{
      .folder =
          MakeUniqueDirectory(fs::temp_directory_path() / "strata-probe").value_or(fs::path()),
      .groups = name};
  const std::vector<host::Feature> found = {FeatureOf(Class::kContainer, TryContainer(place)),
                                            FeatureOf(Class::kAppkernel, TryAppkernel(place)),
                                            FeatureOf(Class::kMicrovm, TryMicrovm(place)),
                                            FeatureOf(Class::kWasm, TryWasm())};
  std::error_code ignored;
  fs::remove_all(place.folder, ignored);
  return host::FeaturesToJson(found);
}

}  // namespace strata::kube::shim
