// store/testing.h - what the store's tests share: small resources.
//
// For tests only; no library includes it. Each is valid by the manifest's rules, and no file is
// behind its artifact: the store looks at none. Threads: pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/resource.h"
#include "store/store.h"

namespace strata::store {

inline std::string DigestOf(char digit) { return "sha256:" + std::string(64, digit); }

// A Function; without a trigger when `path` is empty.
inline NewResource FunctionOf(const std::string& name, const std::string& path,
                              const std::string& tenant = "shop", char digest = 'a') {
  NewResource wanted;
  wanted.resource.metadata.name = name;
  wanted.resource.metadata.tenant = tenant;
  model::FunctionSpec spec;
  spec.workload.artifact = "/" + name + ".wasm";
  if (!path.empty()) spec.triggers.push_back({"*", path, {}});
  wanted.resource.spec = std::move(spec);
  wanted.artifact_digest = DigestOf(digest);
  return wanted;
}

inline NewResource ServiceOf(const std::string& name) {
  NewResource wanted;
  wanted.resource.metadata.name = name;
  wanted.resource.metadata.tenant = "shop";
  model::ServiceSpec spec;
  spec.workload.artifact = "/" + name + ".wasm";
  wanted.resource.spec = std::move(spec);
  wanted.artifact_digest = DigestOf('a');
  return wanted;
}

inline NewResource RouteOf(const std::string& name, const std::string& path,
                           std::vector<model::Backend> backends) {
  NewResource wanted;
  wanted.resource.metadata.name = name;
  wanted.resource.metadata.tenant = "shop";
  wanted.resource.spec = model::RouteSpec{{"*", path, {}}, std::move(backends)};
  return wanted;
}

}  // namespace strata::store
