// apps/strata/isolation/classes.h - one workload in every class, through the API: what `strata
// probe --isolation` and `strata measure` have in common.
//
//   ChooseClasses --> for each: Deploy, Call (battery.h, class_place.h), Remove
//
// Programs and images lie in ../share beside the programs, as they were installed or built. What a
// killed run has left is there until the next one: Deploy replaces it, RemoveIfThere takes it away.
//
// Threads:  one; each blocks until the server has answered. Errors: those of Session::Ask.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "client/session.h"
#include "http/client/client.h"
#include "model/values.h"

namespace strata::cli {

// The classes that `only` names as people type them (advisor/names.h), in its order; all of them
// when it is empty, the lightest first. kInvalidArgument: there is none of that name; with the
// nearest, by advisor/report/refusal.h in either language.
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

// As the API refuses, kUnsupported or kInvalidArgument where the server does not have the class.
Result<void> Deploy(Session& session, const ClassWorkload& workload, model::Class sandbox_class);
// The guest's answer to a POST of `path`; one of 400 and above is an Error.
Result<http::ClientResponse> Call(Session& session, const ClassWorkload& workload,
                                  model::Class sandbox_class, const std::string& path);
// Of the API, under which it is.
std::string PathOf(const ClassWorkload& workload, model::Class sandbox_class);
// kNotFound: it is not there; RemoveIfThere takes that for done.
Result<void> Remove(Session& session, const ClassWorkload& workload, model::Class sandbox_class);
Result<void> RemoveIfThere(Session& session, const ClassWorkload& workload,
                           model::Class sandbox_class);

}  // namespace strata::cli
