// manager/manager.h - the reconciler: desired state (store) -> compiled code, cells, routes; and
// what the API asks of it. stratad is this plus the API server.
//
//   api --> [ Manager: deploy | cells | listeners | sandboxes | logs, metrics ] --> cells
//
// It runs no guest, links no engine and parses no public HTTP. Desired state is durable in the
// store before a cell hears of it; after kill -9 a new Manager reads the store, adopts the living
// cells and brings them to the same state. Nothing acknowledged is lost.
//
// Threads: one loop; every method on it. Lifetime: the loop outlives the Manager.
// Errors: Result; messages name the manifest's file, line and column where there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "base/random.h"
#include "base/text/json.h"
#include "host/process/terminal.h"
#include "manager/options.h"
#include "manager/progress.h"
#include "model/placement.h"
#include "model/traffic/rollout.h"
#include "sandbox/driver.h"
#include "telemetry/log.h"

namespace strata::manager {

// One manifest file as the user gave it. `dir` is absolute: relative artifact and grant paths in
// `text` are taken from there. `tenant`: the only namespace that it may have resources of, and
// where those are that name none; empty: it says so itself.
struct ManifestFile {
  std::string name;
  std::string dir;
  std::string text;
  std::string tenant;
};

enum class Action : std::uint8_t { kCreated, kConfigured, kUnchanged, kDeleted };
std::string_view ActionName(Action action) noexcept;  // "created", "configured", ...

struct Change {
  std::string kind, tenant, name;
  Action action = Action::kUnchanged;
  std::uint32_t revision = 0;     // 0 for kinds without revisions
  std::vector<std::string> diff;  // "spec.limits.memory_mib: 64 -> 128"
  std::vector<std::string> urls;  // where it can be called
  std::optional<model::Placement> placement;
  std::vector<std::string> notes;  // what else there is to know: where its traffic is, say
};

enum class Mode : std::uint8_t { kDryRun, kCommit };

// Which resource: kind is "Function", "Service" or "Route".
struct ResourceName {
  std::string kind, tenant, name;
};

class Manager {
 public:
  // Opens the state, adopts or starts cells and serves what is deployed. Fails with
  // kFailedPrecondition (another stratad has this STRATA_HOME, address in use), kUnsupported (a
  // protection is missing and Options does not allow that) and the store's errors.
  static Task<std::unique_ptr<Manager>> Start(Loop& loop, Options options, const Clock& clock,
                                              Random& random, telemetry::Logger log);
  virtual ~Manager() = default;

  // All or nothing. Returns when every cell serves the new state (kCommit), so a request sent after
  // the answer sees it. Several may fetch, unpack and compile at once; then one after another
  // changes what runs. kUnavailable also: abandoned.
  virtual Task<std::vector<Change>> Apply(std::vector<ManifestFile> files, Mode mode,
                                          Progress& progress) = 0;
  virtual Task<Change> Delete(ResourceName name) = 0;

  // Moves a workload's traffic to another form of it, step by step, while that is not worse than
  // what it is compared with (scheduler/moving/rollout.h). `plan`: whose, the steps and bounds, and
  // where to (`canary`), unless `files` hold the workload: then its new revision is deployed with
  // it; or it goes to the class that would be chosen `anew`, with what is known by now. Returns
  // once cells have the first step. kFailedPrecondition: it is being moved already, or is there;
  // kNotFound: no such workload or revision; and what Apply fails with.
  struct RolloutRequest {
    std::vector<ManifestFile> files;
    model::Rollout plan;
    bool anew = false;
  };
  virtual Task<Json> StartRollout(RolloutRequest request, Progress& progress) = 0;
  // kNotFound: there is none since its last revision.
  virtual Result<Json> GetRollout(const std::string& tenant, const std::string& name) = 0;
  // kPromote and kAbort end one that runs, kUndo takes a promotion back; each with one switch of
  // every cell. kFailedPrecondition: it is in another state.
  enum class RolloutVerb : std::uint8_t { kPromote, kAbort, kUndo };
  virtual Task<Json> EndRollout(std::string tenant, std::string name, RolloutVerb verb) = 0;

  // Resources as JSON with a `status`. Empty kind or tenant: all.
  virtual Result<Json> List(std::string_view kind, std::string_view tenant) = 0;
  virtual Result<Json> Get(const ResourceName& name) = 0;  // + revisions, exports, urls

  // Changes after `since`, oldest first, and the cursor to go on from; waits until there is one.
  // kInvalidArgument when `since` is in the future.
  virtual Task<Json> Watch(std::uint64_t since) = 0;

  // A connected socket to a cell's private listener that serves `tenant`/`function`, or the sandbox
  // with that id. The caller speaks HTTP over it (paths: cell/README.md).
  virtual Task<Fd> ConnectFunction(std::string_view tenant, std::string_view function) = 0;
  virtual Task<Fd> ConnectSandbox(std::string_view id) = 0;

  // Addressable sandboxes; durable before the answer. CreateSandboxes makes `count` of one
  // function.
  virtual Task<Json> CreateSandboxes(std::string_view tenant, std::string_view function,
                                     std::uint32_t count) = 0;
  virtual Result<Json> ListSandboxes() = 0;
  virtual Result<Json> GetSandbox(std::string_view id) = 0;
  virtual Task<void> DeleteSandbox(std::string_view id) = 0;

  // Named volumes (manager/artifacts/volumes.h), as JSON; an empty tenant: all. DeleteVolume:
  // kFailedPrecondition when a workload names it.
  virtual Result<Json> ListVolumes(std::string_view tenant) = 0;
  virtual Result<Json> GetVolume(std::string_view tenant, std::string_view name) = 0;
  virtual Task<void> DeleteVolume(std::string tenant, std::string name) = 0;

  // A program in a sandbox of a Service (or of a Function that is kept warm) beside its server,
  // with these standard streams, or with `terminal`, of which `in` is the inner side. It is started
  // by Wait of what is returned, whose errors are those of sandbox::Sandbox::Exec; whoever goes
  // away before its end calls End. Here kUnsupported: it runs in a class that cannot; kUnavailable:
  // no sandbox of it runs now.
  struct ExecRequest {
    std::string tenant, name;
    std::string sandbox;  // which; empty: any
    std::vector<std::string> command;
    model::Env env;
    Fd in, out, err;
    std::optional<host::TerminalSize> terminal;
  };
  virtual Result<std::shared_ptr<sandbox::Execution>> Exec(ExecRequest request) = 0;

  struct ServiceName {
    std::string tenant, name;
  };
  // Stops every sandbox of a service where it is, or lets it go on. Errors as Exec.
  virtual Task<void> SetPaused(ServiceName of, bool paused) = 0;

  // Saves a sandbox as it runs (empty: any), under a name of [a-z0-9-]{1,64}; kept as long as this
  // revision's sandboxes run. Errors as Exec; kFailedPrecondition also: the name is taken;
  // kResourceExhausted.
  virtual Task<void> SaveSnapshot(ServiceName of, std::string sandbox, std::string snapshot) = 0;
  virtual Task<void> DropSnapshot(ServiceName of, std::string snapshot) = 0;
  // Every replica goes on from the snapshot: {"sandboxes": [id]}. kNotFound: there is none.
  virtual Task<Json> RestoreSnapshot(ServiceName of, std::string snapshot) = 0;
  // Copies of a running sandbox, beside the replicas: {"sandboxes": [id]}. All or none.
  virtual Task<Json> Fork(ServiceName of, std::string sandbox, std::uint32_t count) = 0;
  virtual Task<void> EndFork(ServiceName of, std::string sandbox) = 0;
  // {"replicas": [id], "forks": [id], "snapshots": [name], "states": [{how a replica is}]}
  virtual Task<Json> ServiceSandboxes(ServiceName of) = 0;

  // The last `tail` lines of a function's output as JSON objects, one a line; then `next` waits for
  // more from `offset`. Also of what was deleted, or did not come up when it was to be deployed: of
  // that there is no more to wait for (kNotFound).
  struct LogChunk {
    std::string text;        // whole lines
    std::uint64_t next = 0;  // offset to ask from
  };
  virtual Task<LogChunk> Logs(std::string_view tenant, std::string_view function,
                              std::uint64_t offset, bool wait) = 0;
  virtual Result<std::uint64_t> LogTail(std::string_view tenant, std::string_view function,
                                        std::uint32_t tail) = 0;  // offset of the last `tail` lines

  // What `strata measure` found out here, merged by class; and what there is of that.
  // kInvalidArgument: not of that form (scheduler/record.h).
  virtual Result<void> PutMeasurements(const Json& record) = 0;
  virtual Json GetMeasurements() = 0;
  // What the calls of workloads taught, beside what was measured before and what is claimed; an
  // empty word matches everything. openapi.json, Models.
  virtual Json GetModels(std::string_view tenant, std::string_view name) = 0;

  // What was used since this STRATA_HOME was made and what it cost, what it would have cost were
  // everything a container or a microVM, and what a better placement would save. An empty tenant:
  // all. `by`: "workload", "tenant" or "class"; else kInvalidArgument. (docs/cost.md)
  virtual Task<Json> Cost(std::string tenant, std::string by) = 0;

  virtual Json Top() = 0;             // live figures of each function
  virtual Json Status() = 0;          // version, instance, address, cells
  virtual Task<Json> Probe() = 0;     // protections and classes of this host, found by trying
  virtual std::string Metrics() = 0;  // Prometheus text

  // Drains and ends every cell and removes what this instance made on the host; then Stopped()
  // ends.
  virtual Task<void> Down() = 0;
};

}  // namespace strata::manager
