// model/manifest/crd.h - our kinds as a Kubernetes cluster is told of them:
// CustomResourceDefinitions, from the same schema (schema/fields.h) that reads manifests here.
//
//   schema/fields.h --> [ CustomResourceDefinitions ] --> strata crds --> deploy/kubernetes
//
// Threads: pure. Tested by crd_test.cc, which also compares what is committed.
#pragma once

#include <string>

#include "base/text/json.h"
#include "model/resource.h"

namespace strata::model {

// "functions", ...: in URLs and for kubectl.
std::string PluralName(Kind kind);

Json CustomResourceDefinition(Kind kind);

// All of them, as YAML documents behind a comment.
std::string CustomResourceDefinitions();

}  // namespace strata::model
