// store/store.h - the manager's durable state: resources, immutable revisions, routes, addressable
// sandboxes, named volumes, what was used and learned, and the change log that watches read.
//
//   api --> manager --> [ Store ] --> SQLite (WAL, synchronous=FULL), STRATA_HOME/state/state.db
//
// When a call that changes something returns success, the change survives kill -9 and power loss.
// When it fails, nothing changed. Every change of a resource gets the next resource version, which
// never goes back.
//
// Threads: one thread at a time. Calls block for a disk sync; the manager makes few of them.
// Errors, besides those named: kResourceExhausted (disk full; reads still work), kUnavailable
// (another process holds the database), kInternal (I/O error). The store never deletes or recreates
// a database that it cannot read. Tested by store/store_test.cc and store/store_crash_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "model/resource.h"
#include "model/revision.h"
#include "model/traffic/conflicts.h"
#include "model/traffic/rollout.h"

namespace strata::store {

// A resource as it is deployed.
struct StoredResource {
  model::Resource resource;
  std::uint64_t resource_version = 0;  // of its last change
  std::uint64_t generation = 0;        // counts changes of its spec, from 1
  std::uint64_t revision = 0;          // latest; 0 for a Route
  std::string uid;                     // random, new when it is created again
  WallTime created;
  WallTime updated;
};

// What a caller wants deployed. `artifact_digest` ("sha256:...") is required for a Function or
// Service, and empty for a Route, which has no placement and no variants either.
struct NewResource {
  model::Resource resource;
  std::string artifact_digest;
  std::vector<model::ResolvedVariant> variants;
  std::optional<model::Placement> placement;
  // The new revision gets its traffic in steps: the rollout is stored with it, and its sides are
  // filled in: from what has the traffic now to what is current then.
  std::optional<model::Rollout> rollout;
};

enum class Outcome : std::uint8_t { kCreated, kConfigured, kUnchanged };
std::string_view OutcomeName(Outcome value) noexcept;  // "created", "configured", "unchanged"

struct Applied {
  Outcome outcome = Outcome::kUnchanged;
  StoredResource resource;
  std::optional<model::Revision> new_revision;
};

// One entry of the change log. `resource` is its state after the change, before it for a delete.
struct Change {
  enum class Type : std::uint8_t { kAdded, kModified, kDeleted };
  Type type = Type::kAdded;
  std::uint64_t resource_version = 0;
  StoredResource resource;
};
std::string_view ChangeTypeName(Change::Type value) noexcept;  // "ADDED", "MODIFIED", "DELETED"

// An addressable sandbox (POST /v1/sandboxes): what is needed to make it again after a restart.
struct SandboxRecord {
  std::string id;  // [a-z0-9-]{1,64}
  std::string tenant;
  std::string function;        // the workload that it was made from, or empty
  std::uint64_t revision = 0;  // of `function`, or 0
  std::string artifact_digest;
  model::Workload workload;  // with the sandbox's own limits
  WallTime created;
};

// A named volume of a tenant: a file with an ext4 file system.
struct VolumeRecord {
  std::string tenant;
  std::string name;
  Bytes size;
  bool retain = false;  // it stays when no workload names it
  WallTime created;
};

// What is counted apart: a workload in one class, all its revisions.
struct UsageKey {
  std::string tenant;
  std::string name;
  std::string sandbox_class;
  friend auto operator<=>(const UsageKey&, const UsageKey&) = default;
};
struct Usage {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;  // of these: status 5xx, or the client left
  std::uint64_t starts = 0;  // of sandboxes, for a call each
  std::uint64_t cpu_ns = 0;
  std::uint64_t held_ns = 0;  // how long there were sandboxes, added up
  double mib_ms = 0;          // memory that they held, times how long
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  WallTime since;  // when the first of it was counted
};

// How far is counted what a source tells: a process's ring and its CPU time, or the totals of a
// service that a keeper runs.
struct MeterSource {
  std::uint64_t position = 0;
  std::uint64_t cpu_ns = 0;
  std::uint64_t held_ns = 0;
  double mib_ms = 0;
};

struct UsageTotals {
  std::map<UsageKey, Usage> usage;
  std::map<std::pair<std::string, std::string>, std::uint64_t> process_cpu_ns;  // tenant, role
};

// What one transaction adds to the totals, and how far that brings the sources that it is from.
struct UsageBatch {
  UsageTotals more;
  std::map<std::string, MeterSource> sources;  // by name
  std::set<std::string> ended;                 // those that nothing more comes from
};

// Stops at what the database holds, INT64_MAX: what a record claims is not trusted, and no claim
// may stop the counting.
std::uint64_t Sum(std::uint64_t a, std::uint64_t b) noexcept;
// The earlier `since` of the two is kept.
void Add(Usage& sum, const Usage& more);

// What the calls of a revision in a class taught, as its owner wrote it down.
struct ModelRecord {
  std::string tenant;
  std::string name;
  std::uint64_t revision = 0;
  std::string sandbox_class;
  std::string artifact_digest;  // of the revision; read only
  std::string bytes;
};

// Which resources a List returns; an empty field matches everything.
struct Filter {
  std::optional<model::Kind> kind;
  std::string tenant;
};

enum class DryRun : bool { kNo, kYes };

class Store {
 public:
  // Opens `directory`/state.db, creating both (0700, 0600) when there is none, and brings its
  // schema up to this version. kFailedPrecondition: the file is corrupt, is no database of ours or
  // was written by a newer version; the message says what to do. kUnavailable: another process is
  // writing it; that none has it is the caller's to see to. `clock` and `random` outlive the store.
  static Result<std::unique_ptr<Store>> Open(const std::string& directory, const Clock& clock,
                                             Random& random);

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  // Random identity of this STRATA_HOME, 32 hex digits; every host object carries it.
  [[nodiscard]] const std::string& instance_id() const noexcept;

  // Deploys all of `resources`, or nothing: resources, their new revisions, routes and log entries
  // are one transaction. Answers in the order given. With kYes everything is checked, then rolled
  // back. kFailedPrecondition: a route conflict, a Function and a Service of one name, a Route to a
  // workload or revision that does not exist, a rollout of a workload that gets no new revision, or
  // whose traffic is being moved or goes to a class of its own; kInvalidArgument: one resource
  // twice, or a workload without a digest. A new revision ends the rollout of its workload.
  Result<std::vector<Applied>> Apply(std::span<const NewResource> resources,
                                     DryRun dry_run = DryRun::kNo);

  // Removes all of `keys`, or nothing. Their revisions go with them, and the addressable sandboxes
  // that were made from them; numbers are not used again.
  // kNotFound: one does not exist; kFailedPrecondition: a remaining Route leads to one.
  Result<std::vector<StoredResource>> Delete(std::span<const model::ResourceKey> keys);

  Result<StoredResource> Get(const model::ResourceKey& key);
  // Sorted by tenant, kind and name.
  Result<std::vector<StoredResource>> List(const Filter& filter = {});

  // The latest revision of every workload, or of every one of `tenant`, by tenant and name.
  Result<std::vector<model::Revision>> CurrentRevisions(std::string_view tenant = {});
  // All kept revisions of one workload, newest first; the last 10 are kept, and
  // those that a route or rollout names.
  Result<std::vector<model::Revision>> Revisions(std::string_view tenant, std::string_view name);
  // The digests of the artifacts of all kept revisions, with those of their variants.
  Result<std::set<std::string>> ArtifactsKept();
  // The route table, sorted by host, path and owner.
  Result<std::vector<model::RouteEntry>> Routes();

  // The version of the last change; 0 for a new store.
  Result<std::uint64_t> ResourceVersion();
  // Up to `limit` changes after `version`, oldest first. kFailedPrecondition: the log no longer
  // reaches back that far (the last 10,000 are kept); list again and watch from there.
  Result<std::vector<Change>> ChangesSince(std::uint64_t version, std::size_t limit = 1000);

  // Moves of traffic, sorted by tenant and name. PutRollout makes or replaces one, and is a change
  // of its workload; kNotFound: there is no such workload.
  Result<std::vector<model::Rollout>> Rollouts();
  Result<void> PutRollout(const model::Rollout& rollout);

  // Addressable sandboxes. PutSandboxes keeps all of them, or none; kFailedPrecondition when an id
  // is taken. DeleteSandboxes removes those that are there, or none.
  Result<void> PutSandboxes(std::span<const SandboxRecord> records);
  Result<void> DeleteSandboxes(std::span<const std::string> ids);
  Result<std::vector<SandboxRecord>> Sandboxes();

  // Named volumes. PutVolume makes or replaces a record (but not its `created`); DeleteVolume:
  // kNotFound. Volumes: sorted by tenant and name.
  Result<void> PutVolume(const VolumeRecord& record);
  Result<void> DeleteVolume(std::string_view tenant, std::string_view name);
  Result<std::vector<VolumeRecord>> Volumes();

  // Adds all of `batch` to the totals and notes how far its sources are, or does nothing.
  Result<void> AddUsage(const UsageBatch& batch);
  Result<UsageTotals> GetUsage();
  Result<std::map<std::string, MeterSource>> MeterSources();

  // What was learned. PutModels replaces what there is of the same revision and class, of all of
  // `records` or of none; those of a revision that is gone are left out. They go with it.
  Result<void> PutModels(std::span<const ModelRecord> records);
  Result<std::vector<ModelRecord>> Models();
  // The digest of the artifact that a revision runs. kNotFound: it is gone.
  Result<std::string> ArtifactOf(std::string_view tenant, std::string_view name,
                                 std::uint64_t revision);

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace strata::store
