// model/revision.h - an immutable deployed version of a Function or Service, and how two versions
// of a resource differ.
//
// A new revision is made when what runs changes: the workload (limits, env, grants, ...) or the
// bytes of its artifacts, or when it is put into another class. Triggers, labels and replicas
// change without one.
//
// Threads: values and pure functions. Tested by model/revision_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/placement.h"
#include "model/resource.h"

namespace strata::model {

// A variant of a workload, with the bytes that it stood for when the revision was made.
struct ResolvedVariant {
  VariantKind kind = VariantKind::kWasm;
  std::string digest;  // "sha256:<64 hex digits>"
  friend bool operator==(const ResolvedVariant&, const ResolvedVariant&) = default;
};

// [{"kind", "digest"}]
Json VariantsToJson(const std::vector<ResolvedVariant>& variants);
// kInvalidArgument: it is not of that form.
Result<std::vector<ResolvedVariant>> VariantsFromJson(const Json& json);

struct Revision {
  std::string tenant;
  std::string name;
  std::uint64_t number = 0;  // 1, 2, ... for one name; never given twice, also after a delete
  Kind kind = Kind::kFunction;
  std::string spec_hash;                  // WorkloadHash(workload)
  std::string artifact_digest;            // "sha256:<64 hex digits>", of the variant that was taken
  std::vector<ResolvedVariant> variants;  // in the manifest's order; empty: there is no other
  Workload workload;
  std::optional<Placement> placement;  // nothing: made before there was a scheduler
  WallTime created;
  friend bool operator==(const Revision&, const Revision&) = default;
  // "shop/thumbnail@3", for messages and logs.
  [[nodiscard]] std::string ToString() const;
};

// SHA-256 of the workload's canonical JSON, 64 hex digits.
std::string WorkloadHash(const Workload& workload);

// A leaf that differs between two resources. Json null (discarded) stands for "absent".
struct FieldChange {
  enum class Type : std::uint8_t { kAdded, kRemoved, kChanged };
  Type type = Type::kChanged;
  std::string path;  // "spec.limits.memory_mib"
  Json before;       // null when added
  Json after;        // null when removed
};

// What applying `after` over `before` changes, sorted by path. `before` null: everything is added.
std::vector<FieldChange> Diff(const Resource* before, const Resource& after);

}  // namespace strata::model
