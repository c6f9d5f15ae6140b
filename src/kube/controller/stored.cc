#include "kube/controller/stored.h"

#include "model/manifest/manifest.h"

namespace strata::kube::controller {

Result<model::Resource> ReadStored(const Json& resource) {
  const Json& metadata = resource.at("metadata");
  return model::ResourceFromJson(
      {{"apiVersion", resource.at("apiVersion")},
       {"kind", resource.at("kind")},
       {"metadata", {{"name", metadata.at("name")}, {"namespace", metadata.at("namespace")}}},
       {"spec", resource.value("spec", Json())}});
}

}  // namespace strata::kube::controller
