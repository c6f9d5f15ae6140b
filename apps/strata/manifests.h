// manifests.h - manifest files as the API takes them: name, folder, text. Shared by apply and
// delete.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace strata::cli {

// Each path is a file, a folder (its *.yaml and *.yml, sorted, and those of its folders),
// or
// "-" for standard input. [{"name", "dir", "text"}, ...]. kInvalidArgument when there is none.
Result<Json> ReadManifestFiles(const std::vector<std::string>& paths);

}  // namespace strata::cli
