// model/manifest/manifest.h - manifests in and out: YAML or JSON text <-> Resource.
//
//   strata apply --> [ ParseManifests ] --> API (JSON) --> [ ResourceFromJson ] --> store
//
// One schema (model/schema/fields.h) drives the YAML reader, the JSON reader and the writers, so
// what one accepts the others do. Reading is strict: an unknown field, a wrong type, a value out of
// range, a duplicate key or a duplicate resource is a problem; every problem is found, not only the
// first. The text is bounded before a tree is built: 4 MiB, 32 levels, 100,000 nodes, no aliases.
//
// Threads: pure functions. Errors: kInvalidArgument, one line for each problem. Tested by
// model/manifest/manifest_test.cc and tests/fuzz/manifest_fuzz.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/manifest/diagnostic.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::model {

inline constexpr Bytes kManifestLimit = Bytes::MiB(4);

// What a text held: the resources that are valid, in order, and everything wrong with the rest.
struct Manifests {
  std::vector<Resource> resources;
  std::vector<Diagnostic> problems;
};

// Reads every document of `text`. Total: any bytes give an answer. At most 100 problems are kept.
// `tenant`: the namespace of what names none, a DNS label; what names another is a problem then.
// Empty: each is where it says, in `default` if it says nothing.
Manifests ReadManifests(std::string_view text, std::string_view file_name,
                        const std::string& tenant = {});

// The same, all or nothing. Fails when there is any problem; the message is all of them, one a
// line. A text without a resource is a problem, too.
Result<std::vector<Resource>> ParseManifests(std::string_view text, std::string_view file_name);

// Reads one resource, by the same rules as a manifest. Fails with every problem, one a line.
Result<Resource> ResourceFromJson(const Json& value);

// The canonical form: apiVersion, kind, metadata, spec; defaults spelled out, empty lists and maps
// left out, keys sorted.
// ResourceFromJson(ResourceToJson(r)) == r.
Json ResourceToJson(const Resource& resource);

// The same as a YAML document that ends in a newline, without a leading "---".
std::string ResourceToYaml(const Resource& resource);

// The runnable part alone, for records that outlive their manifest (revisions, sandboxes).
Json WorkloadToJson(const Workload& workload);
Result<Workload> WorkloadFromJson(const Json& value);

// `spec.limits` alone, for who enforces them elsewhere (kube/shim).
Json LimitsToJson(const Limits& limits);
Result<Limits> LimitsFromJson(const Json& value);

// `spec.requires` alone, of what has no manifest (a pod's annotations, kube/shim).
Result<Requires> RequiresFromJson(const Json& value);

}  // namespace strata::model
