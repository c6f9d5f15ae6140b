#include "model/local_paths.h"

#include <filesystem>
#include <string>
#include <utility>

#include "model/artifact_reference.h"

namespace strata::model {
namespace {

Workload* WorkloadOf(Resource& resource) {
  if (auto* function = std::get_if<FunctionSpec>(&resource.spec)) return &function->workload;
  if (auto* service = std::get_if<ServiceSpec>(&resource.spec)) return &service->workload;
  return nullptr;
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
  if (const auto artifact = SplitArtifact(workload->artifact);
      artifact.place != ArtifactPlace::kRegistry) {
    std::string text(artifact.scheme);
    text += Absolute(artifact.path, folder);
    text += artifact.image;
    workload->artifact = std::move(text);
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
  const auto artifact = SplitArtifact(workload->artifact);
  if (artifact.place != ArtifactPlace::kRegistry && !IsResolved(artifact.path)) {
    return Fail(Errc::kInvalidArgument, subject + "spec.artifact: '" + workload->artifact +
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
