// model/manifest/local_paths.h - resolves the host-local paths of a manifest: `./file` artifacts
// and host directories.
//
//   manager/deploy.cc: a manifest, the folder that it came from --ResolveLocalPaths--> absolute
//
// What is stored is absolute, so that it means the same whoever reads it, and whenever.
//
// Threads:  pure; no file is looked at, so links in a path stay. Errors: of RequireResolvedPaths
//           only.
// Tested by model/manifest/local_paths_test.cc.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/resource.h"

namespace strata::model {

// Makes the artifacts' paths and every host directory absolute, relative to `folder` (the
// manifest's, absolute), and removes "." and ".." by name alone.
void ResolveLocalPaths(Resource& resource, std::string_view folder);

// Fails with kInvalidArgument when a local path of `resource` is not absolute or has a "." or "..".
Result<void> RequireResolvedPaths(const Resource& resource);

}  // namespace strata::model
