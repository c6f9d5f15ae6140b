// classes.h - one workload in every class, through the API: what `strata probe --isolation` and
// `strata measure` have in common.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "model/values.h"
#include "session.h"

namespace strata::cli {

// The classes among `only`, all four when it is empty, the lightest first. kInvalidArgument: there
// is none of that name.
Result<std::vector<model::Class>> ChooseClasses(const std::vector<std::string>& only);

// Where the programs are, and what lies beside them, in ../share.
std::filesystem::path ProgramFolder();
std::filesystem::path ShareFolder(std::string_view name);

// A workload that exists as `<folder>/<name>.wasm` and as the OCI layout `<folder>/image`, deployed
// as "<name>-<class>" of a namespace of its own.
struct ClassWorkload {
  std::filesystem::path folder;
  std::string name;
  std::string space;
  model::Env env;
  Json limits = Json::object();
  std::string kind = "Function";
  Json more = Json::object();  // other members of its spec
};

Result<void> Deploy(Session& session, const ClassWorkload& workload, model::Class sandbox_class);
Result<http::ClientResponse> Call(Session& session, const ClassWorkload& workload,
                                  model::Class sandbox_class, const std::string& path);
// Of the API, under which it is.
std::string PathOf(const ClassWorkload& workload, model::Class sandbox_class);
Result<void> Remove(Session& session, const ClassWorkload& workload, model::Class sandbox_class);
Result<void> RemoveIfThere(Session& session, const ClassWorkload& workload,
                           model::Class sandbox_class);

}  // namespace strata::cli
