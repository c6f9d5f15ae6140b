#include "sandbox/container/driver.h"

#include <chrono>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "host/process/process.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/runtime/programs.h"

namespace strata::sandbox::container {
namespace {

constexpr std::chrono::seconds kVersionPatience{2};
constexpr Bytes kMostVersion = 64_KiB;

bool IsCannot(const Result<oci::Config>& chosen) {
  return !chosen && chosen.error().code == Errc::kUnsupported;
}

// Of that name; empty: all.
std::vector<oci::RuntimeChoice> ChoicesOf(std::string_view name) {
  std::vector<oci::RuntimeChoice> choices;
  for (const oci::RuntimeProgram& each : oci::kContainerRuntimes) {
    if (!name.empty() && each.name != name) continue;
    choices.push_back({.name = std::string(each.name), .program = each.path, .arguments = {}});
  }
  return choices;
}

// The first line that it prints.
std::string VersionOf(const std::filesystem::path& program) {
  const auto ran = host::RunToEnd({.program = program, .arguments = {"--version"}},
                                  kVersionPatience, kMostVersion);
  if (!ran || ran->out.empty()) return "tells no version";
  return ran->out.substr(0, ran->out.find('\n'));
}

}  // namespace

RuntimeState TryRuntime(oci::Config config, std::string_view name) {
  RuntimeState state{.name = std::string(name), .works = false, .detail = {}};
  const oci::RuntimeProgram* const installed = oci::FindInstalled(name);
  if (installed == nullptr) {
    state.detail = "not installed: there is no";
    for (const oci::RuntimeChoice& each : ChoicesOf(name)) {
      state.detail += " " + each.program.string();
    }
    return state;
  }
  state.detail = VersionOf(installed->path) + ", " + installed->path;
  config.class_name = state.name;
  config.runtime = installed->path;
  config.users.reset();  // whether there are any is a check of its own
  Loop loop;
  const SystemClock clock;
  auto driver = oci::OciDriver::Create(loop, clock, config);
  const auto works = driver ? (*driver)->Probe() : std::unexpected(driver.error());
  state.works = works.has_value();
  state.detail += works ? ": ran a sandbox" : ": " + works.error().message;
  return state;
}

std::vector<RuntimeState> TryRuntimes(const oci::Config& config) {
  std::vector<RuntimeState> states;
  for (const oci::RuntimeProgram& each : oci::kContainerRuntimes) {
    const std::string_view last = states.empty() ? "" : std::string_view(states.back().name);
    if (each.name != last) states.push_back(TryRuntime(config, each.name));
  }
  return states;
}

Result<oci::Config> ChooseUsers(const oci::Config& config, const FindRuntimeFn& find) {
  auto chosen = find(config);
  // Only what this host cannot costs a protection, not what failed or was slow.
  if (!config.users || !IsCannot(chosen)) return chosen;
  oci::Config bare = config;
  bare.users.reset();
  bare.without_users = std::move(chosen).error().message;
  auto without = find(bare);
  if (!without) return without;
  // What a runtime complained about may have been of a moment, which is over now.
  chosen = find(config);
  return IsCannot(chosen) ? std::move(without) : std::move(chosen);
}

Result<oci::Config> ChooseRuntime(oci::Config config) {
  config.class_name = "container";
  return ChooseUsers(
      config, [](const oci::Config& with) { return oci::FirstThatWorks(with, ChoicesOf("")); });
}

}  // namespace strata::sandbox::container
