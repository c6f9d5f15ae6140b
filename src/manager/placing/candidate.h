// manager/placing/candidate.h - a resource on its way to the store, with the artifacts that it
// names.
//
//   manifest --ReadCandidate--> [ Candidate ] --Build, Prepare--> store
//
// Threads:  the manager's loop. Lifetime: one deployment; what it holds (a pulled layout, an
//           image's hold) is let go of with it, also when the deployment is refused.
// Errors:   none of its own. Tested by tests/e2e/deploy_test.py.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifact/artifact.h"
#include "base/files/fd.h"
#include "manager/artifacts/puller.h"
#include "model/resource.h"
#include "model/values.h"
#include "store/store.h"

namespace strata::manager {

// What a workload is there as: the digest of each kind of artifact.
using Artifacts = std::map<model::VariantKind, std::string>;

// One artifact of a resource that is on its way to the store.
struct Variant {
  std::string place;  // "Function default/hello: spec.artifact", for messages
  artifact::Artifact artifact;
  Fd code;                                     // of wasm, once it is compiled
  std::shared_ptr<const PulledLayout> pulled;  // of an image from a registry or an archive
  std::shared_ptr<const std::string> hold;     // keeps its image from ReleaseImages

  [[nodiscard]] model::VariantKind kind() const noexcept {
    return artifact.image ? model::VariantKind::kImage : model::VariantKind::kWasm;
  }
};

// A resource on its way to the store. All its variants are built; the one that its class runs is
// taken.
struct Candidate {
  store::NewResource resource;
  std::vector<Variant> variants;  // of different kinds; of a Route none
  model::Class sandbox_class = model::Class::kWasm;

  [[nodiscard]] Artifacts artifacts() const;
  [[nodiscard]] const Variant* Find(model::VariantKind kind) const noexcept;
  [[nodiscard]] const Variant& taken() const noexcept;  // once it has a class
};

// Several forms of a workload at a time would all have its named volume, and a file system is not
// made for that. kUnsupported: it has one.
Result<void> CheckShareable(const model::Workload& workload);

}  // namespace strata::manager
