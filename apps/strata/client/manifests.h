// apps/strata/client/manifests.h - manifest files as the API takes them: name, folder, text. For
// apply, rollout and recommend.
//
// Read here and parsed by the server; "dir" is what paths in a manifest are relative to, and is a
// path of the server's host, which with --api is another one.
//
// Threads:  one; blocks. Errors: kInvalidArgument, also for a file above 4 MiB, and ReadFile's
//           codes; the first one ends it. Links to folders are not followed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"

namespace strata::cli {

// Each path is a file, a folder (its *.yaml and *.yml, sorted, and those of its folders), or "-"
// for standard input. [{"name", "dir", "text"}, ...]. kInvalidArgument when there is none.
Result<Json> ReadManifestFiles(const std::vector<std::string>& paths);

}  // namespace strata::cli
