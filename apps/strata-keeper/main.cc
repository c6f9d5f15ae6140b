// strata-keeper - holds one tenant's containers. Started by stratad; this file reads the command
// line and knows which driver is which class. What a keeper is: src/keeper/README.md.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "keeper/role.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
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

Result<std::unique_ptr<Driver>> MakeDriver(Loop& loop, const Clock& clock, Class sandbox_class,
                                           const Start& start) {
  switch (sandbox_class) {
    case Class::kContainer:
      return MakeOci(loop, clock, start, sandbox_class, strata::sandbox::container::ChooseRuntime);
    case Class::kAppkernel:
      return MakeOci(loop, clock, start, sandbox_class, strata::sandbox::appkernel::ChooseRuntime);
    case Class::kMicrovm:
      return Fail(Errc::kUnsupported,
                  "class " + std::string(ClassName(sandbox_class)) + " is not in this version");
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
