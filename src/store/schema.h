// store/schema.h - the tables, how an older database becomes a newer one, and the checks that a
// file is a sound database of ours.
//
//   Store::Open --> [ CreateDatabase, once; OpenDatabase: check, migrate, set up ] --> Database
//
// Migrations go forward only, one version after the other, each in a transaction: after a crash the
// database is of the version before or the one after. A newer one is refused, never guessed at.
//
// Threads:  one at a time; blocks on the disk. Errors: as each says; the message has the path and
//           what to do. Tested by store/schema_test.cc.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/sqlite.h"

namespace strata::store {

// Written into every database of ours (SQLite's application_id): "STRA".
inline constexpr int kApplicationId = 0x53545241;

// The version of the schema that this program writes (SQLite's user_version).
int SchemaVersion() noexcept;

// Makes `path` as an empty database of the current version; it appears complete or not at all.
// `path` must not exist.
Result<void> CreateDatabase(const std::string& path, const std::string& instance_id);

// Opens `path` for use: checks that it is sound and ours, migrates it, sets the connection up (WAL,
// full sync, foreign keys). kFailedPrecondition: it is corrupt, foreign or newer; nothing is
// changed and the message says what to do.
Result<std::unique_ptr<Database>> OpenDatabase(const std::string& path);

}  // namespace strata::store
