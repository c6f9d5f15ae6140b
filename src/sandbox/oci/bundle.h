// sandbox/oci/bundle.h - what one sandbox has on the host, and the only place that makes and
// removes it: a cgroup, and a directory with a tmpfs of its own, in which lie config.json, the
// runtime's state, the writable layer and the mounted root.
//
//   <state_root>/<name>/  tmpfs: config.json, pid, state/, runtime.log, upper/, work/, root/
//
// With a user namespace the root is <roots>/<name>, because the container's users must be able to
// go there, and layers are mounted beside it, mapped.
//
// The tmpfs and the root are mounted in the worker's mount namespace: others see an empty
// directory. What a guest writes is charged to its own memory limit and goes with one unmount.
//
// Threads:  the worker's, but for Join and usage(), which the loop may call while no job of this
//           bundle runs, and Kill and SetPaused(false), which it may call while one pauses it.
// Lifetime: its owner (BundleRemover) has the worker delete it, after the jobs given before; those
//           may therefore use it by address.
// Errors:   a failing Start leaves the bundle as it was; its owner drops it.
// Tested by tests/contract and sandbox/container/sandbox_test.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "artifact/store/root_image.h"
#include "host/cgroup/cgroup.h"
#include "host/process/orphans.h"
#include "host/process/process.h"
#include "sandbox/driver.h"
#include "sandbox/oci/runtime/runtime.h"
#include "sandbox/oci/shared.h"

namespace strata::sandbox::oci {

// What a sandbox is made from, kept by every job that may outlive it.
struct BundleSpec {
  std::string id;
  artifact::RootImage image;
  model::Grants grants;
  host::CgroupLimits limits;
};

// A container that is being started, and our ends of its standard streams (non-blocking).
struct Starting {
  host::Process runtime;
  Fd in;
  Fd out;
  Fd err;
};

enum class Purpose {
  kCall,
  kLaterCall,  // behind the agent's gate (sandbox/agent_gate.h); Config::agent is not empty
  kServer,
};

class Bundle {
 public:
  // Makes nothing yet.
  Bundle(Shared& shared, BundleSpec spec);
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  ~Bundle();  // removes everything; blocks until the guest's processes have ended

  // Starts the image's program with `env` over the image's own. The first time makes group,
  // directory and mounts; later times use them again. Blocks for milliseconds.
  Result<Starting> Start(const model::Env& env, Purpose purpose = Purpose::kCall);

  // The guest's first process, once the runtime has ended well; else why it has not: the runtime's
  // own words, kInternal.
  Result<host::Process> Guest(const host::ExitStatus& runtime);

  // Of a runtime that stays: whether it ended as the guest did, or failed itself: the runtime's own
  // words, kInternal.
  [[nodiscard]] Result<void> CheckRuntime(const host::ExitStatus& runtime) const;

  // From the next Start on the guest has this network namespace, and asks for names there. For the
  // loop, while no job of this bundle runs.
  void Join(Fd network) { joined_ = std::move(network); }

  // A connection to `port` of the guest that Guest() found, made in its network namespace.
  // kUnavailable: nobody listens. Not for a runtime that stays: its guest's network is its own.
  [[nodiscard]] Result<Fd> Dial(std::uint16_t port) const;

  // Starts `program`, with `env` under its own variables, in the running container; ends with it.
  // `name`, [a-z0-9-]+, is what it is called below; one that is used again, without FinishExec in
  // between, starts the same program again.
  Result<host::Process> Exec(const Program& program, const model::Env& env,
                             const std::string& name);
  // Sends `signal` to every process of the session that this program leads. Nothing, before it has
  // been started.
  void SignalExec(const std::string& name, int signal);
  // After its end: what the runtime complained about. Removes what Exec made.
  std::optional<std::string> FinishExec(const std::string& name);

  // SIGTERM to the guest's first process, by the runtime.
  void Terminate();

  // Freezes everything in the container, which may take seconds, or lets it go on, which does not.
  Result<void> SetPaused(bool paused);

  // Kills everything in the container. Its first process stays to be waited for. For the loop.
  void Kill();

  [[nodiscard]] Result<host::CgroupUsage> usage() const;

 private:
  Result<void> Prepare();
  Result<void> MountAll();
  [[nodiscard]] Result<std::string> ShowLayers() const;
  [[nodiscard]] Result<void> HideNetworkOptions() const;
  [[nodiscard]] std::filesystem::path ExecFile(const std::string& name, const char* what) const;
  [[nodiscard]] Result<host::SpawnOptions> ExecCommand(const Program& program,
                                                       const model::Env& env,
                                                       const std::string& name) const;
  void SignalInside(const std::string& name, pid_t leader, int signal);
  [[nodiscard]] Result<void> CheckMoves() const;  // that it is not paused
  Result<void> WriteConfig(const model::Env& env, Purpose purpose);
  void Remember();

  Shared& shared_;
  const BundleSpec spec_;
  const std::string name_;  // unique on this host, also when an id is used again
  const std::filesystem::path directory_;
  const std::filesystem::path root_;  // where the guest's is mounted
  std::unique_ptr<host::Cgroup> group_;
  std::vector<host::ProcessId> killed_;           // nobody may be waiting for them
  std::optional<host::ExpectedOrphan> expected_;  // a guest that nobody has found yet
  Fd network_;                                    // namespace of the guest
  Fd joined_;                                     // the one that was made for it, if any
  model::Grants shown_;                           // where its directories are mounted
  bool made_ = false;
  std::atomic<bool> frozen_ = false;  // or about to be, or not quite let go on
};

// Deletes on the worker. Used on the loop only, which keeps `shared` until it has done so.
struct BundleRemover {
  std::shared_ptr<Shared> shared;
  void operator()(Bundle* bundle) const {
    shared->worker->Post([bundle] { delete bundle; });
  }
};
using OwnedBundle = std::unique_ptr<Bundle, BundleRemover>;

}  // namespace strata::sandbox::oci
