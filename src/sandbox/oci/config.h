// sandbox/oci/config.h - what an OciDriver is built with. Filled by the program that runs the
// class.
//
//   ChooseRuntime (container/, appkernel/driver.h): what works here --> [ Config ] --> OciDriver
//
// What is different from runc to runsc is a field here, and not a branch on a name.
//
// Threads:  a value, copied by the driver. Lifetime: `users` and `egress` are shared by all drivers
//           of a keeper. Errors: none here; OciDriver::Create says what is missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "host/confine/user_range.h"
#include "model/memory_bounds.h"
#include "model/values.h"
#include "sandbox/egress/egress.h"

namespace strata::sandbox::oci {

struct Config {
  // Of the class that uses the runtime; also how its failures are introduced.
  std::string class_name = "container";

  // The OCI runtime and the arguments before its verb; the class finds what works here.
  std::filesystem::path runtime;
  std::vector<std::string> runtime_arguments;
  std::string engine;  // the runtime's name, for people
  // Whether the runtime stays beside the guest and ends as the guest does (runsc), with all that it
  // needs in the guest's group; else it leaves once the guest runs (runc).
  bool runtime_stays = false;
  // After those, for a sandbox that has a network (grants.http).
  std::vector<std::string> network_arguments;
  // Whether /proc/sys/net is hidden from the runtime of such a sandbox: runsc of 2022 takes a
  // network namespace for the host's when it sees net.core.rmem_default, which newer kernels have
  // in each.
  bool hide_network_options = false;
  // Whether the runtime takes the interface's address away: each run needs a network of its own.
  bool takes_address = false;

  // Where the sandboxes' directories are made, empty ones as anybody else sees them. Ours alone.
  std::filesystem::path state_root;

  // Who sandboxes' users are on this host, in a user namespace of the driver. Null: they are the
  // host's own users.
  std::shared_ptr<const host::UserRange> users;
  // Why there are none although the class was to have them (container/driver.h).
  std::string without_users;
  // With users: where roots are mounted, which they can reach. Everybody else sees an empty
  // directory, which stays.
  std::filesystem::path roots = "/run/strata";

  // The cgroup above all groups of this driver; ours alone: [a-z0-9-]{1,64}.
  std::string cgroup_parent = "strata";

  std::uint32_t max_sandboxes = 100;

  // A Spec outside these is kUnsupported; the class sets its own.
  model::MemoryBounds memory = model::MemoryBoundsOf(model::Class::kContainer);

  // Of every sandbox. A manifest has no fields for them yet.
  std::uint32_t cpu_millis = 1000;
  std::uint32_t pids = 128;
  std::uint32_t server_pids = 0;    // of one that serves; 0: as many
  Bytes writable = Bytes::MiB(64);  // what a guest may write to its root and its scratch, each
  std::uint32_t files = 16'384;     // how many it may make there, each

  // Between the signals that end a program beside a server whose client has gone.
  std::chrono::milliseconds exec_grace{2'000};

  // strata-agent, shown to servers as /.strata-agent. Through it a runtime that stays has their
  // ports reached and programs beside them ended. Empty: they cannot be.
  std::filesystem::path agent;

  // What gives sandboxes a network. Null: grants.http is kUnsupported.
  std::shared_ptr<egress::Egress> egress;

  // How often a running call looks at deadline, client and CPU time.
  std::chrono::milliseconds tick{5};
};

}  // namespace strata::sandbox::oci
