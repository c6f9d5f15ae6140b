#include "sandbox/appkernel/driver.h"

#include <vector>

#include "model/memory_bounds.h"
#include "model/values.h"
#include "sandbox/oci/oci_driver.h"

namespace strata::sandbox::appkernel {
namespace {

// The Sentry's own threads are charged to the sandbox, and so are those that it has on the host for
// each process of its guest: five of one that another made. Of a server each connection is a
// program beside it, with ten; as many again leave room. A guest that gets to the end of this takes
// the Sentry with it.
constexpr std::uint32_t kSentryThreads = 40;
constexpr std::uint32_t kThreadsOfAProcess = 5;
constexpr std::uint32_t kThreadsOfAConnection = 20;

}  // namespace

Result<oci::Config> ChooseRuntime(oci::Config config) {
  std::vector<oci::RuntimeChoice> choices;
  for (const char* platform : {"systrap", "kvm", "ptrace"}) {
    choices.push_back({std::string("runsc with ") + platform,
                       "/usr/bin/runsc",
                       {std::string("--platform=") + platform, "--network=none", "--ignore-cgroups",
                        "--file-access=exclusive"}});
  }
  config.class_name = "appkernel";
  config.runtime_stays = true;
  config.network_arguments = {"--network=sandbox"};
  config.hide_network_options = true;
  config.takes_address = true;
  config.users.reset();  // the Sentry's guests are no users of the host's
  config.memory = model::MemoryBoundsOf(model::Class::kAppkernel);
  config.server_pids = kSentryThreads + kThreadsOfAConnection * config.pids;
  config.pids = kSentryThreads + kThreadsOfAProcess * config.pids;
  return oci::FirstThatWorks(config, choices);
}

}  // namespace strata::sandbox::appkernel
