// store/rows.h - rows of the tables as the structs of store.h, and back. Internal to the store.
//
//   store.cc, apply.cc --SELECT of these columns--> Query --> [ ...OfRow ] --> StoredResource, ...
//
// Columns are read by place: whoever adds one adds it here and in schema.cc, with a migration.
//
// Threads:  pure, given a Query. Errors: kFailedPrecondition for a row that is not readable as what
//           it should be (edited by hand, or damage that SQLite cannot see). Tested by
//           store_test.cc.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/resource.h"
#include "model/revision.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace strata::store {

// What reading a StoredResource selects, in this order.
#define STRATA_RESOURCE_COLUMNS \
  "body, resource_version, generation, revision, uid, created_ns, updated_ns"
#define STRATA_REVISION_COLUMNS                                                               \
  "tenant, name, number, kind, spec_hash, artifact_digest, workload, created_ns, placement, " \
  "variants"

// Where a route's mirror stands among its backends, with its percent for a weight: what must hold
// of a backend must hold of it, too.
inline constexpr std::int64_t kMirrorPosition = -1;

// Reads the columns above, beginning at `first`.
Result<StoredResource> ResourceOfRow(const Query& row, int first = 0);
Result<model::Revision> RevisionOfRow(const Query& row);
Result<SandboxRecord> SandboxOfRow(const Query& row);
Result<VolumeRecord> VolumeOfRow(const Query& row);
Result<model::Rollout> RolloutOfRow(const Query& row);  // tenant, name, body

// The body column: canonical, so equal text means an equal resource.
std::string BodyOf(const model::Resource& resource);
std::string BodyOf(const model::Workload& workload);

// Since the Unix epoch, as columns have times.
std::int64_t Nanoseconds(WallTime time);
WallTime TimeOf(std::int64_t nanoseconds);

// Columns of the table of routes: texts that a person can read in the database.
std::string JoinMethods(const std::vector<std::string>& methods);
std::vector<std::string> SplitMethods(const std::string& text);
std::string HeadersColumn(const std::vector<model::HeaderMatch>& headers);
Result<std::vector<model::HeaderMatch>> HeadersOf(const std::string& column);

}  // namespace strata::store
