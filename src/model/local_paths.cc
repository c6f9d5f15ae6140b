#include "model/local_paths.h"

#include <filesystem>
#include <string>

namespace strata::model {
namespace {

constexpr std::string_view kOci = "oci:";

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

// In a registry: no path of this machine.
bool IsRemote(std::string_view artifact) { return artifact.starts_with("oci://"); }

bool IsResolved(std::string_view path) {
  return path.starts_with('/') && Absolute(path, "/") == path;
}

// The path inside an artifact reference; for oci: with the tag or digest still at its end, which
// contains no slash and so changes nothing.
std::string_view PathOf(std::string_view artifact) {
  return artifact.starts_with(kOci) ? artifact.substr(kOci.size()) : artifact;
}

}  // namespace

void ResolveLocalPaths(Resource& resource, std::string_view folder) {
  Workload* workload = WorkloadOf(resource);
  if (workload == nullptr) return;
  if (!IsRemote(workload->artifact)) {
    const bool oci = workload->artifact.starts_with(kOci);
    workload->artifact =
        (oci ? std::string(kOci) : std::string()) + Absolute(PathOf(workload->artifact), folder);
  }
  for (DirGrant& dir : workload->grants.dirs) {
    if (!dir.host.empty()) dir.host = Absolute(dir.host, folder);
  }
}

Result<void> RequireResolvedPaths(const Resource& resource) {
  const Workload* workload = resource.workload();
  if (workload == nullptr) return {};
  const std::string subject = resource.key().ToString() + ": ";
  if (!IsRemote(workload->artifact) && !IsResolved(PathOf(workload->artifact))) {
    return Fail(Errc::kInvalidArgument, subject + "spec.artifact: '" + workload->artifact +
                                            "' is not an absolute path without '.' and '..'");
  }
  for (const DirGrant& dir : workload->grants.dirs) {
    if (dir.host.empty() || IsResolved(dir.host)) continue;
    return Fail(Errc::kInvalidArgument, subject + "spec.grants.dirs: '" + dir.host +
                                            "' is not an absolute path without '.' and '..'");
  }
  return {};
}

}  // namespace strata::model
