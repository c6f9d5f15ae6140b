// strata-keeper - holds one tenant's containers, application kernels and virtual machines. Started
// by stratad; this file reads the command line and knows which driver is which class. What a keeper
// is: src/keeper/README.md.
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/text/json.h"
#include "classes.h"
#include "keeper/role.h"

namespace {

constexpr int kUsageError = 2;

constexpr const char* kAbout =
    R"(Holds one tenant's sandboxes of the classes that need other programs: starts OCI runtimes, keeps
what they started, and serves calls that cells hand it. stratad starts it; there is nothing in it
for people. It listens to its wire (--wire-fd), a connected AF_UNIX socket; the first message is
Start (src/keeper/wire/messages.h).)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout, "strata-keeper"};
  app.set_version_flag("--version", std::string("strata-keeper ") + STRATA_VERSION);
  strata::keeper::Options options;
  app.add_option("--instance", options.instance, "the STRATA_HOME instance this keeper belongs to");
  app.add_option("--keeper", options.keeper, "name, for log lines");
  app.add_option("--wire-fd", options.wire_fd, "descriptor of the wire to the manager")
      ->capture_default_str();
  bool probe = false;
  app.add_flag("--probe", probe,
               "try this host's protections and classes out, print JSON, and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  if (probe) {
    std::printf("%s\n", strata::DumpJson(strata::Probe()).c_str());
    return 0;
  }
  std::shared_ptr<strata::sandbox::egress::Egress> egress;  // one for all classes
  return strata::keeper::Run(
      options, [&egress](strata::Loop& loop, const strata::Clock& clock,
                         strata::model::Class sandbox_class, const strata::keeper::Start& start) {
        return strata::TryClass(loop, clock, sandbox_class, start, [&egress, &loop] {
          if (!egress) egress = std::make_shared<strata::sandbox::egress::Egress>(loop);
          return egress;
        });
      });
}
