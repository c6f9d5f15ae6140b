// Any bytes as a manifest: reading them gives an answer, and every resource that is accepted is in
// its normal form: written as JSON or YAML it reads back equal, and its paths do not change again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text/json.h"
#include "model/manifest/local_paths.h"
#include "model/manifest/manifest.h"
#include "model/rules.h"
#include "model/traffic/conflicts.h"

namespace {

using strata::model::Resource;

void CheckReadsBack(const Resource& resource) {
  const auto from_json = strata::model::ResourceFromJson(strata::model::ResourceToJson(resource));
  STRATA_CHECK(from_json && *from_json == resource);
  const auto from_yaml =
      strata::model::ParseManifests(strata::model::ResourceToYaml(resource), "again.yaml");
  STRATA_CHECK(from_yaml && from_yaml->size() == 1 && from_yaml->front() == resource);
}

void CheckRoutes(const Resource& resource) {
  for (const auto& route : strata::model::RoutesOf(resource)) {
    const auto path = strata::model::NormalizePath(route.path);
    STRATA_CHECK(path && *path == route.path);
    const auto host = strata::model::NormalizeHost(route.host);
    STRATA_CHECK(host && *host == route.host);
    STRATA_CHECK(!route.backends.empty());
  }
}

void CheckLocalPaths(Resource resource) {
  strata::model::ResolveLocalPaths(resource, "/home/user");
  STRATA_CHECK(strata::model::RequireResolvedPaths(resource));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifests = strata::model::ReadManifests(text, "fuzz.yaml");
  STRATA_CHECK(!manifests.resources.empty() || !manifests.problems.empty());
  for (const auto& problem : manifests.problems) {
    STRATA_CHECK(problem.ToString().find('\n') == std::string::npos);
  }
  for (const Resource& resource : manifests.resources) {
    CheckReadsBack(resource);
    CheckRoutes(resource);
    CheckLocalPaths(resource);
  }
  // The API's way in: the same rules without YAML.
  if (const auto json = strata::ParseJson(text)) {
    if (const auto resource = strata::model::ResourceFromJson(*json)) CheckReadsBack(*resource);
  }
  return 0;
}
