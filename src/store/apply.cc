// Store::Apply and Store::Delete: the two that change resources.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "model/resource.h"
#include "model/traffic/conflicts.h"
#include "store/rows.h"
#include "store/state.h"

namespace strata::store {
namespace {

using model::KindName;
using model::Resource;
using model::ResourceKey;

constexpr std::uint64_t kKeptRevisions = 10;
constexpr std::uint64_t kKeptChanges = 10'000;

// The steps of one transaction, in the order in which they are called.
class Writer {
 public:
  Writer(Store& store, Database& database, const Clock& clock, Random& random)
      : store_(store), database_(database), clock_(clock), random_(random), now_(clock.WallNow()) {}

  Result<Applied> Upsert(const NewResource& wanted);
  // What a new revision means for the rollout of its workload.
  Result<void> KeepRollout(const NewResource& wanted, const Applied& applied);
  Result<void> CheckTraffic(const model::Rollout& rollout);
  Result<void> PutRollout(const model::Rollout& rollout);
  // A change of a resource that its manifest does not show.
  Result<void> Touch(StoredResource stored);
  Result<void> RemoveRoutes(const ResourceKey& owner);
  Result<void> AddRoutes(const Resource& resource);
  Result<StoredResource> Remove(const ResourceKey& key);
  // What must hold of the whole state at the end.
  // kFailedPrecondition with what `say` makes of the first row that `sql` finds.
  template <typename Say>
  Result<void> RefuseAny(const char* sql, Say say);
  Result<void> CheckNames();
  Result<void> CheckBackends();
  Result<void> CheckRevisions();
  // Those that are too old, but not what a route or rollout names.
  Result<void> PruneRevisions(const model::Revision& latest);
  Result<void> PruneChanges();

 private:
  Result<std::optional<model::Revision>> NewRevision(const NewResource& wanted);
  Result<void> InsertRevision(const model::Revision& revision);
  Result<void> LogChange(Change::Type type, StoredResource& stored);
  Result<void> Write(const StoredResource& stored);
  Result<void> CheckPlace(const model::RouteEntry& route);
  Result<void> AddBackend(std::int64_t route, std::int64_t position, std::string_view tenant,
                          const model::Backend& backend);

  Store& store_;
  Database& database_;
  const Clock& clock_;
  Random& random_;
  const WallTime now_;
};

Result<Applied> Writer::Upsert(const NewResource& wanted) {
  auto current = store_.Get(wanted.resource.key());
  const bool exists = current.has_value();
  if (!exists && current.error().code != Errc::kNotFound) {
    return std::unexpected(std::move(current).error());
  }
  Applied applied;
  if (exists) applied.resource = *std::move(current);
  const bool same = exists && applied.resource.resource == wanted.resource;
  const bool same_spec = exists && applied.resource.resource.spec == wanted.resource.spec;
  // The resource's row comes before its revisions, which refer to it.
  StoredResource& stored = applied.resource;
  stored.resource = wanted.resource;
  if (!exists) {
    stored.uid = NewId(clock_, random_);
    stored.created = now_;
    if (auto done = Write(stored); !done) return std::unexpected(std::move(done).error());
  }
  auto revision = NewRevision(wanted);
  if (!revision) return std::unexpected(std::move(revision).error());
  applied.new_revision = *std::move(revision);
  if (same && !applied.new_revision) return applied;
  applied.outcome = exists ? Outcome::kConfigured : Outcome::kCreated;
  if (!same_spec) ++stored.generation;
  if (applied.new_revision) stored.revision = applied.new_revision->number;
  stored.updated = now_;
  auto done = LogChange(exists ? Change::Type::kModified : Change::Type::kAdded, stored);
  if (done) done = Write(stored);
  if (!done) return std::unexpected(std::move(done).error());
  return applied;
}

Result<void> Writer::KeepRollout(const NewResource& wanted, const Applied& applied) {
  const model::ObjectMeta& meta = wanted.resource.metadata;
  if (!wanted.rollout) {
    if (!applied.new_revision) return {};
    return database_.Run("DELETE FROM rollouts WHERE tenant = ? AND name = ?", meta.tenant,
                         meta.name);
  }
  const std::string key = wanted.resource.key().ToString();
  if (applied.outcome == Outcome::kCreated) {
    return Fail(Errc::kFailedPrecondition,
                key +
                    ": it was deleted meanwhile, so there is nothing beside which it could begin; "
                    "'strata apply' deploys it");
  }
  if (!applied.new_revision) {
    return Fail(Errc::kFailedPrecondition,
                key +
                    ": the manifest makes no new revision beside one that runs, so there is "
                    "nothing to roll out");
  }
  model::Rollout rollout = *wanted.rollout;
  if (auto still = CheckTraffic(rollout); !still) return still;
  if (!rollout.stable.revision) {  // in whatever class it is: the newest until now
    const auto before =
        database_.Number(0,
                         "SELECT max(number) FROM revisions WHERE tenant = ? AND name = ? AND"
                         " number < ?",
                         meta.tenant, meta.name, applied.new_revision->number);
    if (!before) return std::unexpected(before.error());
    rollout.stable.revision = static_cast<std::uint32_t>(*before);
  }
  rollout.canary = {};
  rollout.started = rollout.since = now_;  // not when it was asked for: preparing took its time
  return PutRollout(rollout);
}

// It begins where the traffic is.
Result<void> Writer::CheckTraffic(const model::Rollout& rollout) {
  const auto rollouts = store_.Rollouts();
  if (!rollouts) return std::unexpected(rollouts.error());
  model::Target traffic;
  bool moving = false;
  for (const model::Rollout& each : *rollouts) {
    if (each.tenant != rollout.tenant || each.name != rollout.name) continue;
    moving = each.state == model::Rollout::State::kRunning;
    traffic = each.winner();
  }
  if (!moving && traffic == rollout.stable) return {};
  return Fail(Errc::kFailedPrecondition, "the traffic of " + rollout.tenant + "/" + rollout.name +
                                             " has been moved meanwhile; look at 'strata rollout "
                                             "status' and try again");
}

Result<void> Writer::PutRollout(const model::Rollout& rollout) {
  return database_.Run(
      "INSERT INTO rollouts VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET body = ?3",
      rollout.tenant, rollout.name, DumpJson(model::RolloutToJson(rollout)));
}

Result<void> Writer::Touch(StoredResource stored) {
  stored.updated = now_;
  auto done = LogChange(Change::Type::kModified, stored);
  return done ? Write(stored) : done;
}

std::string_view ClassColumn(const model::Revision& revision) {
  return revision.placement ? model::ClassName(revision.placement->sandbox_class) : "";
}

std::string PlacementColumn(const model::Revision& revision) {
  return revision.placement ? DumpJson(model::PlacementToJson(*revision.placement)) : "";
}

std::string VariantsColumn(const model::Revision& revision) {
  return revision.variants.empty() ? "" : DumpJson(model::VariantsToJson(revision.variants));
}

// A revision if what runs differs from the latest one; nothing for a Route.
Result<std::optional<model::Revision>> Writer::NewRevision(const NewResource& wanted) {
  const model::Workload* workload = wanted.resource.workload();
  if (workload == nullptr) return std::nullopt;
  const model::ObjectMeta& meta = wanted.resource.metadata;
  if (wanted.artifact_digest.empty()) {
    return Fail(Errc::kInvalidArgument, wanted.resource.key().ToString() + " has no digest");
  }
  model::Revision revision;
  revision.tenant = meta.tenant;
  revision.name = meta.name;
  revision.kind = wanted.resource.kind();
  revision.spec_hash = model::WorkloadHash(*workload);
  revision.artifact_digest = wanted.artifact_digest;
  revision.variants = wanted.variants;
  revision.workload = *workload;
  revision.placement = wanted.placement;
  revision.created = now_;
  const auto same = database_.Number(
      0,
      "SELECT kind = ?3 AND spec_hash = ?4 AND artifact_digest = ?5 AND"
      " class = ?6 AND variants = ?7 FROM revisions WHERE tenant = ?1 AND name = ?2"
      " ORDER BY number DESC LIMIT 1",
      meta.tenant, meta.name, KindName(revision.kind), revision.spec_hash, revision.artifact_digest,
      ClassColumn(revision), VariantsColumn(revision));
  if (!same) return std::unexpected(same.error());
  if (*same == 1) return std::nullopt;
  const auto number =
      database_.Number(0,
                       "INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET"
                       " last_revision = last_revision + 1 RETURNING last_revision",
                       meta.tenant, meta.name);
  if (!number) return std::unexpected(number.error());
  revision.number = static_cast<std::uint64_t>(*number);
  if (auto done = InsertRevision(revision); !done) return std::unexpected(std::move(done).error());
  return revision;
}

Result<void> Writer::InsertRevision(const model::Revision& revision) {
  return database_.Run("INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       revision.tenant, revision.name, revision.number, KindName(revision.kind),
                       revision.spec_hash, revision.artifact_digest, BodyOf(revision.workload),
                       Nanoseconds(revision.created), ClassColumn(revision),
                       PlacementColumn(revision), VariantsColumn(revision));
}

// Gives `stored` the next resource version.
Result<void> Writer::LogChange(Change::Type type, StoredResource& stored) {
  auto done = database_.Run(
      "INSERT INTO changes (type, uid, generation, revision, created_ns, updated_ns, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      ChangeTypeName(type), stored.uid, stored.generation, stored.revision,
      Nanoseconds(stored.created), Nanoseconds(stored.updated), BodyOf(stored.resource));
  if (done) stored.resource_version = static_cast<std::uint64_t>(database_.last_insert_id());
  return done;
}

Result<void> Writer::Write(const StoredResource& stored) {
  const model::ObjectMeta& meta = stored.resource.metadata;
  return database_.Run(
      "INSERT INTO resources VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
      " ON CONFLICT DO UPDATE SET resource_version = ?5, generation = ?6, revision = ?7,"
      " updated_ns = ?9, body = ?10",
      meta.tenant, KindName(stored.resource.kind()), meta.name, stored.uid, stored.resource_version,
      stored.generation, stored.revision, Nanoseconds(stored.created), Nanoseconds(stored.updated),
      BodyOf(stored.resource));
}

Result<void> Writer::RemoveRoutes(const ResourceKey& owner) {
  return database_.Run("DELETE FROM routes WHERE tenant = ? AND owner_kind = ? AND owner_name = ?",
                       owner.tenant, KindName(owner.kind), owner.name);
}

// Whoever has this host, path and headers already is asked.
Result<void> Writer::CheckPlace(const model::RouteEntry& route) {
  auto query = database_.Prepare(
      "SELECT tenant, owner_kind, owner_name, methods FROM routes WHERE host = ? AND path = ?"
      " AND headers = ?",
      route.host, route.path, HeadersColumn(route.headers));
  if (!query) return std::unexpected(std::move(query).error());
  std::vector<model::RouteEntry> present;
  while (true) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return model::CheckRoute(route, present);
    const auto kind = model::KindFromName(query->Text(1));
    if (!kind) return Fail(Errc::kFailedPrecondition, "the state database holds a broken route");
    const std::string tenant = query->Text(0);
    present.push_back({route.host,
                       route.path,
                       SplitMethods(query->Text(3)),
                       tenant,
                       {},
                       ResourceKey{tenant, *kind, query->Text(2)},
                       route.headers,
                       {}});
  }
}

Result<void> Writer::AddBackend(std::int64_t route, std::int64_t position, std::string_view tenant,
                                const model::Backend& backend) {
  return database_.Run("INSERT INTO backends VALUES (?, ?, ?, ?, ?, ?)", route, position, tenant,
                       backend.function, static_cast<std::uint64_t>(backend.weight),
                       backend.target.ToString());
}

Result<void> Writer::AddRoutes(const Resource& resource) {
  for (const model::RouteEntry& route : model::RoutesOf(resource)) {
    if (auto free = CheckPlace(route); !free) return free;
    auto done = database_.Run(
        "INSERT INTO routes (host, path, methods, tenant, owner_kind, owner_name, headers, split)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        route.host, route.path, JoinMethods(route.methods), route.tenant,
        KindName(route.owner.kind), route.owner.name, HeadersColumn(route.headers), route.split);
    if (!done) return done;
    const std::int64_t id = database_.last_insert_id();
    std::int64_t position = 0;
    for (const model::Backend& backend : route.backends) {
      done = AddBackend(id, position++, route.tenant, backend);
      if (!done) return done;
    }
    if (!route.mirror) continue;
    const model::Mirror& mirror = *route.mirror;
    done = AddBackend(id, kMirrorPosition, route.tenant,
                      {mirror.function, mirror.percent, mirror.target});
    if (!done) return done;
  }
  return {};
}

Result<StoredResource> Writer::Remove(const ResourceKey& key) {
  auto stored = store_.Get(key);
  if (!stored) return stored;
  // Routes and revisions go with it: ON DELETE CASCADE.
  auto done = database_.Run("DELETE FROM resources WHERE tenant = ? AND kind = ? AND name = ?",
                            key.tenant, KindName(key.kind), key.name);
  if (done && key.kind != model::Kind::kRoute) {
    done =
        database_.Run("DELETE FROM rollouts WHERE tenant = ? AND name = ?", key.tenant, key.name);
    if (done) {
      done = database_.Run("DELETE FROM sandboxes WHERE tenant = ? AND function = ?", key.tenant,
                           key.name);
    }
  }
  if (done) done = LogChange(Change::Type::kDeleted, *stored);
  if (!done) return std::unexpected(std::move(done).error());
  return stored;
}

template <typename Say>
Result<void> Writer::RefuseAny(const char* sql, Say say) {
  auto query = database_.Prepare(sql);
  if (!query) return std::unexpected(std::move(query).error());
  auto row = query->Step();
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return {};
  return Fail(Errc::kFailedPrecondition, say(*query));
}

Result<void> Writer::CheckNames() {
  return RefuseAny(
      "SELECT f.tenant, f.name FROM resources AS f JOIN resources AS s USING (tenant, name)"
      " WHERE f.kind = 'Function' AND s.kind = 'Service' LIMIT 1",
      [](const Query& row) {
        return "Function and Service " + row.Text(0) + "/" + row.Text(1) +
               " cannot both exist: routes find them by name";
      });
}

Result<void> Writer::CheckBackends() {
  return RefuseAny(
      "SELECT owner_kind, b.tenant, owner_name, function FROM backends AS b"
      " JOIN routes ON id = route WHERE NOT EXISTS (SELECT 1 FROM resources AS w"
      " WHERE w.tenant = b.tenant AND w.kind IN ('Function', 'Service') AND w.name = function)"
      " LIMIT 1",
      [](const Query& row) {
        return row.Text(0) + " " + row.Text(1) + "/" + row.Text(2) +
               " leads to the Function or Service '" + row.Text(3) +
               "', which would not exist: change or delete what leads there first";
      });
}

Result<void> Writer::CheckRevisions() {
  return RefuseAny(
      "SELECT owner_kind, b.tenant, owner_name, function || target FROM backends AS b"
      " JOIN routes ON id = route WHERE target LIKE '@%' AND NOT EXISTS (SELECT 1 FROM"
      " revisions AS r WHERE r.tenant = b.tenant AND name = function AND '@' || number = target)"
      " LIMIT 1",
      [](const Query& row) {
        return row.Text(0) + " " + row.Text(1) + "/" + row.Text(2) + " leads to " + row.Text(3) +
               ", and that revision is not kept; 'strata describe' lists those that are";
      });
}

Result<void> Writer::PruneRevisions(const model::Revision& latest) {
  if (latest.number <= kKeptRevisions) return {};
  return database_.Run(
      "DELETE FROM revisions AS r WHERE tenant = ? AND name = ? AND number <= ? AND NOT EXISTS"
      " (SELECT 1 FROM backends AS b WHERE b.tenant = r.tenant AND function = name"
      " AND target = '@' || number) AND NOT EXISTS (SELECT 1 FROM rollouts AS o WHERE"
      " o.tenant = r.tenant AND o.name = r.name AND"
      " ('@' || number IN (body ->> '$.stable', body ->> '$.canary')"
      " OR body ->> '$.stable' LIKE '@' || number || ':%'))",
      latest.tenant, latest.name, latest.number - kKeptRevisions);
}

Result<void> Writer::PruneChanges() {
  return database_.Run(
      "DELETE FROM changes WHERE version <= (SELECT max(version) FROM changes) - ?", kKeptChanges);
}

Result<void> RefuseTwice(std::span<const NewResource> resources) {
  std::set<ResourceKey> seen;
  for (const NewResource& wanted : resources) {
    if (!seen.insert(wanted.resource.key()).second) {
      return Fail(Errc::kInvalidArgument, wanted.resource.key().ToString() + " is given twice");
    }
  }
  return {};
}

// Old routes go before any new one is checked, so resources of one batch can swap paths.
Result<void> ReplaceRoutes(Writer& writer, const std::vector<Applied>& applied) {
  for (const Applied& one : applied) {
    if (one.outcome == Outcome::kUnchanged) continue;
    if (auto done = writer.RemoveRoutes(one.resource.resource.key()); !done) return done;
  }
  for (const Applied& one : applied) {
    if (one.outcome == Outcome::kUnchanged) continue;
    if (auto done = writer.AddRoutes(one.resource.resource); !done) return done;
  }
  return {};
}

Result<void> CheckState(Writer& writer) {
  auto sound = writer.CheckNames();
  if (sound) sound = writer.CheckBackends();
  return sound ? writer.CheckRevisions() : sound;
}

// Once the routes are known: one may name what is old.
Result<void> PruneRevisions(Writer& writer, const std::vector<Applied>& applied) {
  for (const Applied& one : applied) {
    if (!one.new_revision) continue;
    if (auto done = writer.PruneRevisions(*one.new_revision); !done) return done;
  }
  return {};
}

}  // namespace

Result<std::vector<Applied>> Store::Apply(std::span<const NewResource> resources, DryRun dry_run) {
  if (auto once = RefuseTwice(resources); !once) return std::unexpected(std::move(once).error());
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  Writer writer(*this, *state_->database, state_->clock, state_->random);
  std::vector<Applied> applied;
  for (const NewResource& wanted : resources) {
    auto one = writer.Upsert(wanted);
    if (!one) return std::unexpected(std::move(one).error());
    if (auto kept = writer.KeepRollout(wanted, *one); !kept) {
      return std::unexpected(std::move(kept).error());
    }
    applied.push_back(*std::move(one));
  }
  auto done = ReplaceRoutes(writer, applied);
  if (done) done = CheckState(writer);
  if (done) done = PruneRevisions(writer, applied);
  if (done) done = writer.PruneChanges();
  if (done && dry_run == DryRun::kNo) done = transaction->Commit();
  if (!done) return std::unexpected(std::move(done).error());
  return applied;
}

Result<void> Store::PutRollout(const model::Rollout& rollout) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  Writer writer(*this, *state_->database, state_->clock, state_->random);
  auto workload = Get({rollout.tenant, model::Kind::kFunction, rollout.name});
  if (!workload) workload = Get({rollout.tenant, model::Kind::kService, rollout.name});
  if (!workload) return std::unexpected(std::move(workload).error());
  auto done = writer.PutRollout(rollout);
  if (done) done = writer.Touch(*std::move(workload));
  if (done) done = writer.PruneChanges();
  return done ? transaction->Commit() : done;
}

Result<std::vector<StoredResource>> Store::Delete(std::span<const model::ResourceKey> keys) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  Writer writer(*this, *state_->database, state_->clock, state_->random);
  std::vector<StoredResource> removed;
  for (const model::ResourceKey& key : keys) {
    auto one = writer.Remove(key);
    if (!one) return std::unexpected(std::move(one).error());
    removed.push_back(*std::move(one));
  }
  auto done = CheckState(writer);
  if (done) done = writer.PruneChanges();
  if (done) done = transaction->Commit();
  if (!done) return std::unexpected(std::move(done).error());
  return removed;
}

}  // namespace strata::store
