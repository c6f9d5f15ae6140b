#include "store/store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "base/text/hex.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/state.h"

namespace strata::store {
namespace {

// Reads every row of `query` with `read`.
template <typename T, typename Read>
Result<std::vector<T>> ReadAll(Result<Query> query, Read read) {
  if (!query) return std::unexpected(std::move(query).error());
  std::vector<T> all;
  while (true) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return all;
    auto one = read(*query);
    if (!one) return std::unexpected(std::move(one).error());
    all.push_back(*std::move(one));
  }
}

Result<std::string> ReadInstanceId(Database& database, const std::string& path) {
  auto query = database.Prepare("SELECT value FROM meta WHERE key = 'instance_id'");
  if (!query) return std::unexpected(std::move(query).error());
  auto row = query->Step();
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return Fail(Errc::kFailedPrecondition, path + " has no instance id");
  return query->Text(0);
}

std::string NewInstanceId(Random& random) {
  std::array<std::byte, 16> bytes;
  random.Fill(bytes);
  return HexEncode(bytes);
}

Result<Change> ChangeOfRow(const Query& row) {
  auto resource = ResourceOfRow(row, 1);
  if (!resource) return std::unexpected(std::move(resource).error());
  Change change;
  const std::string type = row.Text(0);
  change.type = type == ChangeTypeName(Change::Type::kAdded)     ? Change::Type::kAdded
                : type == ChangeTypeName(Change::Type::kDeleted) ? Change::Type::kDeleted
                                                                 : Change::Type::kModified;
  change.resource_version = resource->resource_version;
  change.resource = *std::move(resource);
  return change;
}

// Rows of routes joined with their backends: one row a backend, all of a route side by side.
Result<std::vector<model::RouteEntry>> RoutesOfRows(Result<Query> query) {
  if (!query) return std::unexpected(std::move(query).error());
  std::vector<model::RouteEntry> routes;
  std::int64_t last_id = 0;
  while (true) {
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return routes;
    if (routes.empty() || query->Int(0) != last_id) {
      const auto kind = model::KindFromName(query->Text(5));
      if (!kind) return Fail(Errc::kFailedPrecondition, "the state database holds a broken route");
      auto headers = HeadersOf(query->Text(10));
      if (!headers) return std::unexpected(std::move(headers).error());
      const std::string tenant = query->Text(4);
      last_id = query->Int(0);
      routes.push_back({query->Text(1),
                        query->Text(2),
                        SplitMethods(query->Text(3)),
                        tenant,
                        {},
                        model::ResourceKey{tenant, *kind, query->Text(6)},
                        *std::move(headers),
                        query->Text(11)});
    }
    const auto target = model::ParseTarget(query->Text(9));
    if (!target) return Fail(Errc::kFailedPrecondition, "the state database holds a broken route");
    const auto weight = static_cast<std::uint32_t>(query->Int(8));
    if (query->Int(12) == kMirrorPosition) {
      routes.back().mirror = model::Mirror{query->Text(7), *target, weight};
    } else {
      routes.back().backends.push_back({query->Text(7), weight, *target});
    }
  }
}

}  // namespace

std::string_view OutcomeName(Outcome value) noexcept {
  switch (value) {
    case Outcome::kCreated:
      return "created";
    case Outcome::kConfigured:
      return "configured";
    case Outcome::kUnchanged:
      return "unchanged";
  }
  return "unknown";
}

std::string_view ChangeTypeName(Change::Type value) noexcept {
  switch (value) {
    case Change::Type::kAdded:
      return "ADDED";
    case Change::Type::kModified:
      return "MODIFIED";
    case Change::Type::kDeleted:
      return "DELETED";
  }
  return "UNKNOWN";
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::Open(const std::string& directory, const Clock& clock,
                                           Random& random) {
  if (auto made = MakeDirectories(directory, 0700); !made) {
    return std::unexpected(std::move(made).error());
  }
  const std::string path = directory + "/state.db";
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  if (error) return FailErrno("stat " + path, error.value());
  if (!exists) {
    // A log without its database is what is left of a lost one: not a reason to start empty.
    if (std::filesystem::exists(path + "-wal", error)) {
      return Fail(Errc::kFailedPrecondition,
                  path + " is missing but " + path +
                      "-wal is there. Put the database back, or move the -wal file away to start "
                      "with an empty state");
    }
    if (auto made = CreateDatabase(path, NewInstanceId(random)); !made) {
      return std::unexpected(std::move(made).error());
    }
  }
  auto database = OpenDatabase(path);
  if (!database) return std::unexpected(std::move(database).error());
  auto instance_id = ReadInstanceId(**database, path);
  if (!instance_id) return std::unexpected(std::move(instance_id).error());
  return std::unique_ptr<Store>(new Store(std::unique_ptr<State>(
      new State{*std::move(database), clock, random, *std::move(instance_id)})));
}

const std::string& Store::instance_id() const noexcept { return state_->instance_id; }

Result<StoredResource> Store::Get(const model::ResourceKey& key) {
  auto query =
      state_->database->Prepare("SELECT " STRATA_RESOURCE_COLUMNS
                                " FROM resources WHERE tenant = ? AND kind = ? AND name = ?",
                                key.tenant, model::KindName(key.kind), key.name);
  if (!query) return std::unexpected(std::move(query).error());
  auto row = query->Step();
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return Fail(Errc::kNotFound, key.ToString() + " does not exist");
  return ResourceOfRow(*query);
}

Result<std::vector<StoredResource>> Store::List(const Filter& filter) {
  const std::string_view kind = filter.kind ? model::KindName(*filter.kind) : std::string_view();
  return ReadAll<StoredResource>(
      state_->database->Prepare("SELECT " STRATA_RESOURCE_COLUMNS
                                " FROM resources WHERE (?1 = '' OR tenant = ?1) AND"
                                " (?2 = '' OR kind = ?2)"
                                // Function, Service, Route: the order of model::Kind
                                " ORDER BY tenant, kind = 'Route', kind, name",
                                filter.tenant, kind),
      [](const Query& row) { return ResourceOfRow(row); });
}

Result<std::vector<model::Revision>> Store::CurrentRevisions(std::string_view tenant) {
  return ReadAll<model::Revision>(
      state_->database->Prepare("SELECT " STRATA_REVISION_COLUMNS
                                " FROM revisions AS r WHERE (?1 = '' OR tenant = ?1) AND number ="
                                " (SELECT max(number) FROM revisions AS s"
                                " WHERE s.tenant = r.tenant AND s.name = r.name)"
                                " ORDER BY tenant, name",
                                tenant),
      RevisionOfRow);
}

Result<std::set<std::string>> Store::ArtifactsKept() {
  auto all = ReadAll<std::string>(
      state_->database->Prepare("SELECT artifact_digest FROM revisions UNION"
                                " SELECT value ->> '$.digest' FROM revisions, json_each(variants)"
                                " WHERE variants <> ''"),
      [](const Query& row) -> Result<std::string> { return row.Text(0); });
  if (!all) return std::unexpected(std::move(all).error());
  return std::set<std::string>(all->begin(), all->end());
}

Result<std::vector<model::Revision>> Store::Revisions(std::string_view tenant,
                                                      std::string_view name) {
  return ReadAll<model::Revision>(
      state_->database->Prepare("SELECT " STRATA_REVISION_COLUMNS
                                " FROM revisions WHERE tenant = ? AND name = ?"
                                " ORDER BY number DESC",
                                tenant, name),
      RevisionOfRow);
}

Result<std::vector<model::RouteEntry>> Store::Routes() {
  return RoutesOfRows(state_->database->Prepare(
      "SELECT id, host, path, methods, r.tenant, owner_kind, owner_name, function, weight,"
      " target, headers, split, position FROM routes AS r JOIN backends ON route = id"
      " ORDER BY host, path, r.tenant, owner_kind, owner_name, id, position"));
}

Result<std::vector<model::Rollout>> Store::Rollouts() {
  return ReadAll<model::Rollout>(
      state_->database->Prepare("SELECT tenant, name, body FROM rollouts ORDER BY tenant, name"),
      RolloutOfRow);
}

Result<std::uint64_t> Store::ResourceVersion() {
  // sqlite_sequence remembers the last version also when the log is empty.
  auto version =
      state_->database->Number(0, "SELECT seq FROM sqlite_sequence WHERE name = 'changes'");
  if (!version) return std::unexpected(std::move(version).error());
  return static_cast<std::uint64_t>(*version);
}

Result<std::vector<Change>> Store::ChangesSince(std::uint64_t version, std::size_t limit) {
  const auto last = ResourceVersion();
  if (!last) return std::unexpected(last.error());
  const auto oldest = state_->database->Number(0, "SELECT min(version) FROM changes");
  if (!oldest) return std::unexpected(oldest.error());
  if (version > *last || (*last > 0 && version + 1 < static_cast<std::uint64_t>(*oldest))) {
    return Fail(Errc::kFailedPrecondition, "changes since version " + std::to_string(version) +
                                               " are not kept; list again and watch from there");
  }
  return ReadAll<Change>(
      state_->database->Prepare("SELECT type, body, version, generation, revision, uid, created_ns,"
                                " updated_ns FROM changes WHERE version > ? ORDER BY version"
                                " LIMIT ?",
                                version, static_cast<std::uint64_t>(limit)),
      ChangeOfRow);
}

Result<void> Store::PutSandboxes(std::span<const SandboxRecord> records) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  for (const SandboxRecord& record : records) {
    const auto taken =
        state_->database->Number(0, "SELECT count(*) FROM sandboxes WHERE id = ?", record.id);
    if (!taken) return std::unexpected(taken.error());
    if (*taken > 0) return Fail(Errc::kFailedPrecondition, "sandbox " + record.id + " exists");
    auto put = state_->database->Run("INSERT INTO sandboxes VALUES (?, ?, ?, ?, ?, ?, ?)",
                                     record.id, record.tenant, record.function, record.revision,
                                     record.artifact_digest, BodyOf(record.workload),
                                     Nanoseconds(record.created));
    if (!put) return put;
  }
  return transaction->Commit();
}

Result<void> Store::DeleteSandboxes(std::span<const std::string> ids) {
  auto transaction = Transaction::Begin(*state_->database);
  if (!transaction) return std::unexpected(std::move(transaction).error());
  for (const std::string& id : ids) {
    auto gone = state_->database->Run("DELETE FROM sandboxes WHERE id = ?", id);
    if (!gone) return gone;
  }
  return transaction->Commit();
}

Result<std::vector<SandboxRecord>> Store::Sandboxes() {
  return ReadAll<SandboxRecord>(
      state_->database->Prepare("SELECT id, tenant, function, revision, artifact_digest, workload,"
                                " created_ns FROM sandboxes ORDER BY created_ns, id"),
      SandboxOfRow);
}

Result<void> Store::PutVolume(const VolumeRecord& record) {
  return state_->database->Run(
      "INSERT INTO volumes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
      " size = excluded.size, retain = excluded.retain",
      record.tenant, record.name, record.size.count, std::uint64_t{record.retain ? 1U : 0U},
      Nanoseconds(record.created));
}

Result<void> Store::DeleteVolume(std::string_view tenant, std::string_view name) {
  const auto found = state_->database->Number(
      0, "SELECT count(*) FROM volumes WHERE tenant = ? AND name = ?", tenant, name);
  if (!found) return std::unexpected(found.error());
  if (*found == 0) {
    return Fail(Errc::kNotFound,
                "volume " + std::string(tenant) + "/" + std::string(name) + " does not exist");
  }
  return state_->database->Run("DELETE FROM volumes WHERE tenant = ? AND name = ?", tenant, name);
}

Result<std::vector<VolumeRecord>> Store::Volumes() {
  return ReadAll<VolumeRecord>(
      state_->database->Prepare("SELECT tenant, name, size, retain, created_ns FROM volumes"
                                " ORDER BY tenant, name"),
      VolumeOfRow);
}

}  // namespace strata::store
