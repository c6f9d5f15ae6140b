#include "store/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <utility>

#include "base/files/files.h"

namespace strata::store {
namespace {

// kMigrations[n] brings a database from version n to n + 1. Published entries never change; a new
// version is a new entry.
constexpr std::array<const char*, 10> kMigrations = {R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The desired state, one row a resource. `body` is its canonical JSON.
CREATE TABLE resources(
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('Function', 'Service', 'Route')),
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  resource_version INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name)
) STRICT, WITHOUT ROWID;

-- The last revision number given to a name; outlives the workload, so none is given twice.
CREATE TABLE counters(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  last_revision INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  artifact_digest TEXT NOT NULL,
  workload TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, number),
  FOREIGN KEY (tenant, kind, name) REFERENCES resources (tenant, kind, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX revisions_by_resource ON revisions (tenant, kind, name);
CREATE TRIGGER revisions_are_immutable BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END;

-- `methods`: separated by spaces, empty for every method.
CREATE TABLE routes(
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  path TEXT NOT NULL,
  methods TEXT NOT NULL,
  tenant TEXT NOT NULL,
  owner_kind TEXT NOT NULL,
  owner_name TEXT NOT NULL,
  FOREIGN KEY (tenant, owner_kind, owner_name) REFERENCES resources (tenant, kind, name)
    ON DELETE CASCADE
) STRICT;
CREATE INDEX routes_by_place ON routes (host, path);
CREATE INDEX routes_by_owner ON routes (tenant, owner_kind, owner_name);
CREATE TABLE backends(
  route INTEGER NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  function TEXT NOT NULL,
  weight INTEGER NOT NULL,
  PRIMARY KEY (route, position)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the resource version never goes back, also when the log was pruned.
CREATE TABLE changes(
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  uid TEXT NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE sandboxes(
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  function TEXT NOT NULL,
  revision INTEGER NOT NULL,
  artifact_digest TEXT NOT NULL,
  workload TEXT NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                                     R"sql(
-- Named volumes: written before their image is made, gone after it is removed.
CREATE TABLE volumes(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  retain INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
)sql",
                                                     R"sql(
-- Where the scheduler put a revision and why, in JSON; empty: there was none yet.
ALTER TABLE revisions ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN placement TEXT NOT NULL DEFAULT '';
)sql",
                                                     R"sql(
-- What each of a revision's variants was, in JSON; empty: it has no variants.
ALTER TABLE revisions ADD COLUMN variants TEXT NOT NULL DEFAULT '';
)sql",
                                                     R"sql(
-- What the calls of a workload in a class used, in all. Outlives the workload.
CREATE TABLE usage(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  class TEXT NOT NULL,
  calls INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  starts INTEGER NOT NULL,
  cpu_ns INTEGER NOT NULL,
  held_ns INTEGER NOT NULL,
  mib_ms REAL NOT NULL,
  bytes_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL,
  since_ns INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, class)
) STRICT, WITHOUT ROWID;
-- CPU time of our own processes, guests in them included.
CREATE TABLE process_usage(
  tenant TEXT NOT NULL,
  role TEXT NOT NULL,
  cpu_ns INTEGER NOT NULL,
  PRIMARY KEY (tenant, role)
) STRICT, WITHOUT ROWID;
-- How far what a living process told is in the two tables above: its ring and its CPU time.
CREATE TABLE meter_sources(
  source TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  cpu_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                                     R"sql(
-- Which form of its workload a backend is: model/traffic/target.h.
ALTER TABLE backends ADD COLUMN target TEXT NOT NULL DEFAULT '';
)sql",
                                                     R"sql(
-- The last move of each workload's traffic to another of its forms: model/traffic/rollout.h, in JSON.
CREATE TABLE rollouts(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
)sql",
                                                     R"sql(
-- `headers`: [[name, value]], in JSON, empty for none. `split`: a header's name, or empty.
ALTER TABLE routes ADD COLUMN headers TEXT NOT NULL DEFAULT '';
ALTER TABLE routes ADD COLUMN split TEXT NOT NULL DEFAULT '';
)sql",
                                                     R"sql(
-- Of services: how much of what their keeper told of their memory is in the totals.
ALTER TABLE meter_sources ADD COLUMN held_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meter_sources ADD COLUMN mib_ms REAL NOT NULL DEFAULT 0;
)sql",
                                                     R"sql(
-- What the calls of a revision in a class taught (scheduler/learning/learned.h).
CREATE TABLE models(
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  class TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (tenant, name, revision, class),
  FOREIGN KEY (tenant, name, revision) REFERENCES revisions (tenant, name, number)
    ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
)sql"};

Result<std::int64_t> Pragma(Database& database, const char* sql) { return database.Number(0, sql); }

Result<void> SetVersion(Database& database, std::size_t version) {
  // A pragma takes no parameters; the value is a number of ours.
  const std::string sql = "PRAGMA user_version = " + std::to_string(version);
  return database.Script(sql.c_str());
}

Result<void> Migrate(Database& database, std::size_t from) {
  for (std::size_t version = from; version < kMigrations.size(); ++version) {
    auto transaction = Transaction::Begin(database);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    if (auto done = database.Script(kMigrations[version]); !done) return done;
    if (auto done = SetVersion(database, version + 1); !done) return done;
    if (auto done = transaction->Commit(); !done) return done;
  }
  return {};
}

std::unexpected<Error> Unusable(const std::string& path, const std::string& why) {
  return Fail(Errc::kFailedPrecondition,
              path + " " + why + ". Nothing was changed. Put a good copy in its place, or move " +
                  path + ", " + path + "-wal and " + path +
                  "-shm away together to start with an empty state");
}

// Reads the whole structure once: damage is found here, not at a request.
Result<void> CheckSound(Database& database, const std::string& path) {
  auto query = database.Prepare("PRAGMA quick_check(1)");
  if (!query) return Unusable(path, "is damaged (" + query.error().message + ")");
  auto row = query->Step();
  if (!row && row.error().code != Errc::kFailedPrecondition) {
    return std::unexpected(std::move(row).error());
  }
  if (!row) return Unusable(path, "is damaged (" + row.error().message + ")");
  const std::string verdict = query->Text(0);
  if (verdict != "ok") return Unusable(path, "is damaged (" + verdict + ")");
  return {};
}

// The version of a database of ours that this program can read.
Result<std::size_t> ReadableVersion(Database& database, const std::string& path) {
  const auto application = Pragma(database, "PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  if (*application != kApplicationId) return Unusable(path, "is not a database of Strata");
  const auto version = Pragma(database, "PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*version < 1 || static_cast<std::size_t>(*version) > kMigrations.size()) {
    return Unusable(path, "was written by another version of Strata (schema " +
                              std::to_string(*version) + ", this one reads up to " +
                              std::to_string(kMigrations.size()) + ")");
  }
  return static_cast<std::size_t>(*version);
}

Result<void> Fill(const std::string& path, const std::string& instance_id) {
  auto database = Database::Create(path);
  if (!database) return std::unexpected(std::move(database).error());
  const std::string sql = "PRAGMA application_id = " + std::to_string(kApplicationId);
  if (auto done = (*database)->Script(sql.c_str()); !done) return done;
  if (auto done = Migrate(**database, 0); !done) return done;
  return (*database)->Run("INSERT INTO meta VALUES ('instance_id', ?)",
                          std::string_view(instance_id));
}

}  // namespace

int SchemaVersion() noexcept { return static_cast<int>(kMigrations.size()); }

Result<void> CreateDatabase(const std::string& path, const std::string& instance_id) {
  // Built beside its place and renamed, so that an empty or half-made file at `path` is never ours
  // and can be reported as damage instead of being taken for a new database.
  const std::string temporary = path + ".new";
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  // SQLite gives its other files the permissions of this one.
  auto file = OpenFile(temporary, O_CREAT | O_EXCL | O_RDWR, 0600);
  if (!file) return std::unexpected(std::move(file).error());
  if (auto done = Fill(temporary, instance_id); !done) return done;
  if (::fsync(file->get()) != 0) return FailErrno("fsync " + temporary, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FailErrno("rename " + path, errno);
  return SyncDirectory(std::filesystem::path(path).parent_path());
}

Result<std::unique_ptr<Database>> OpenDatabase(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    return Unusable(path, "is empty or no regular file");
  }
  auto database = Database::Open(path);
  if (!database) return database;
  if (auto sound = CheckSound(**database, path); !sound) {
    return std::unexpected(std::move(sound).error());
  }
  const auto version = ReadableVersion(**database, path);
  if (!version) return std::unexpected(version.error());
  if (auto done = (*database)->Script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                      "PRAGMA foreign_keys = ON;");
      !done) {
    return std::unexpected(std::move(done).error());
  }
  if (auto done = Migrate(**database, *version); !done) {
    return std::unexpected(std::move(done).error());
  }
  return database;
}

}  // namespace strata::store
