#include "model/manifest/local_paths.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "model/artifact_reference.h"

namespace strata::model {
namespace {

Workload* WorkloadOf(Resource& resource) {
  if (auto* function = std::get_if<FunctionSpec>(&resource.spec)) return &function->workload;
  if (auto* service = std::get_if<ServiceSpec>(&resource.spec)) return &service->workload;
  return nullptr;
}

// Artifact references, each of which may be changed.
std::vector<std::string*> ReferencesOf(Workload& workload) {
  std::vector<std::string*> all;
  if (workload.variants.empty()) all.push_back(&workload.artifact);
  for (Variant& variant : workload.variants) all.push_back(&variant.artifact);
  return all;
}

std::string Absolute(std::string_view path, std::string_view folder) {
  std::string normal = (std::filesystem::path(folder) / path).lexically_normal().string();
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

bool IsResolved(std::string_view path) {
  return path.starts_with('/') && Absolute(path, "/") == path;
}

}  // namespace

void ResolveLocalPaths(Resource& resource, std::string_view folder) {
  Workload* workload = WorkloadOf(resource);
  if (workload == nullptr) return;
  for (std::string* reference : ReferencesOf(*workload)) {
    const auto artifact = SplitArtifact(*reference);
    if (artifact.place == ArtifactPlace::kRegistry) continue;
    std::string text(artifact.scheme);
    text += Absolute(artifact.path, folder);
    text += artifact.image;
    *reference = std::move(text);
  }
  for (DirGrant& dir : workload->grants.dirs) {
    if (!dir.host.empty()) dir.host = Absolute(dir.host, folder);
  }
  for (Volume& volume : workload->volumes) {
    if (volume.host) volume.host->path = Absolute(volume.host->path, folder);
  }
}

Result<void> RequireResolvedPaths(const Resource& resource) {
  const Workload* workload = resource.workload();
  if (workload == nullptr) return {};
  const std::string subject = resource.key().ToString() + ": ";
  for (const auto& [field, reference] : ArtifactsOf(*workload)) {
    const auto artifact = SplitArtifact(reference);
    if (artifact.place == ArtifactPlace::kRegistry || IsResolved(artifact.path)) continue;
    return Fail(Errc::kInvalidArgument, subject + field + ": '" + reference +
                                            "' is not an absolute path without '.' and '..'");
  }
  for (const DirGrant& dir : workload->grants.dirs) {
    if (dir.host.empty() || IsResolved(dir.host)) continue;
    return Fail(Errc::kInvalidArgument, subject + "spec.grants.dirs: '" + dir.host +
                                            "' is not an absolute path without '.' and '..'");
  }
  for (const Volume& volume : workload->volumes) {
    if (!volume.host || IsResolved(volume.host->path)) continue;
    return Fail(Errc::kInvalidArgument, subject + "spec.volumes: '" + volume.host->path +
                                            "' is not an absolute path without '.' and '..'");
  }
  return {};
}

}  // namespace strata::model
