// strata-keeper - holds one tenant's containers, application kernels and virtual machines. Started
// by stratad; this file reads the command line and knows which driver is which class. What a keeper
// is: src/keeper/README.md.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/byte_view.h"
#include "base/sha256.h"
#include "host/process.h"
#include "keeper/role.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/microvm/driver.h"
#include "sandbox/oci/oci_driver.h"

namespace {

namespace fs = std::filesystem;
using strata::Clock;
using strata::Errc;
using strata::Fail;
using strata::Loop;
using strata::Result;
using strata::keeper::Start;
using strata::model::Class;
using strata::sandbox::Driver;

constexpr int kUsageError = 2;

constexpr const char* kAbout =
    R"(Holds one tenant's sandboxes of the classes that need other programs: starts OCI runtimes, keeps
what they started, and serves calls that cells hand it. stratad starts it; there is nothing in it
for people. It listens to its wire (--wire-fd), a connected AF_UNIX socket; the first message is
Start (src/keeper/messages.h).)";

using ChooseFn = Result<strata::sandbox::oci::Config> (*)(strata::sandbox::oci::Config);

Result<std::unique_ptr<Driver>> MakeOci(Loop& loop, const Clock& clock, const Start& start,
                                        Class sandbox_class, ChooseFn choose) {
  strata::sandbox::oci::Config config;
  config.state_root = fs::path(start.state_root) / ClassName(sandbox_class);
  config.cgroup_parent = start.cgroup_parent;
  config.max_sandboxes = start.max_sandboxes;
  auto chosen = choose(std::move(config));
  if (!chosen) return std::unexpected(std::move(chosen).error());
  return strata::sandbox::oci::OciDriver::Create(loop, clock, *chosen);
}

// Who virtual machines run as: one user for each keeper, in a range that nothing else uses.
strata::host::Identity MachineUser(const std::string& keeper) {
  constexpr std::uint32_t kFirstUser = 2'000'000'000;
  constexpr std::uint32_t kUsers = 100'000'000;
  const strata::Digest digest = strata::Sha256Of(strata::AsBytes(keeper));
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | std::to_integer<std::uint32_t>(digest[i]);
  const std::uint32_t user = kFirstUser + number % kUsers;
  return {user, user};
}

Result<std::unique_ptr<Driver>> MakeMachines(Loop& loop, const Clock& clock, const Start& start) {
  strata::sandbox::microvm::Config config;
  std::error_code error;
  config.agent = fs::read_symlink("/proc/self/exe", error).parent_path() / "strata-agent";
  config.state_root = fs::path(start.state_root) / ClassName(Class::kMicrovm);
  config.cgroup_parent = start.cgroup_parent;
  config.max_sandboxes = start.max_sandboxes;
  config.user = MachineUser(start.instance + "/" + start.keeper);
  auto chosen = strata::sandbox::microvm::ChooseAccelerator(std::move(config));
  if (!chosen) return std::unexpected(std::move(chosen).error());
  return strata::sandbox::microvm::MicrovmDriver::Create(loop, clock, *chosen);
}

Result<std::unique_ptr<Driver>> MakeDriver(Loop& loop, const Clock& clock, Class sandbox_class,
                                           const Start& start) {
  switch (sandbox_class) {
    case Class::kContainer:
      return MakeOci(loop, clock, start, sandbox_class, strata::sandbox::container::ChooseRuntime);
    case Class::kAppkernel:
      return MakeOci(loop, clock, start, sandbox_class, strata::sandbox::appkernel::ChooseRuntime);
    case Class::kMicrovm:
      return MakeMachines(loop, clock, start);
    case Class::kWasm:
      break;
  }
  return Fail(Errc::kInvalidArgument, "wasm runs in cells");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout, "strata-keeper"};
  app.set_version_flag("--version", std::string("strata-keeper ") + STRATA_VERSION);
  strata::keeper::Options options;
  app.add_option("--instance", options.instance, "the STRATA_HOME instance this keeper belongs to");
  app.add_option("--keeper", options.keeper, "name, for log lines");
  app.add_option("--wire-fd", options.wire_fd, "descriptor of the wire to the manager")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  return strata::keeper::Run(options, MakeDriver);
}
