// kube/controller/stored.h - the manifest in one of our resources as an API server has it.
//
//   API server --> [ ReadStored ] --> reconcile.h, activator/workload.h
//
// Threads: pure. Tested by reconcile_test.cc.
#pragma once

#include "base/result.h"
#include "base/text/json.h"
#include "model/resource.h"

namespace strata::kube::controller {

// What Kubernetes adds to metadata is none of a manifest's. Errors as model::ResourceFromJson.
Result<model::Resource> ReadStored(const Json& resource);

}  // namespace strata::kube::controller
