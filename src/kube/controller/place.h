// kube/controller/place.h - in which class a Service or a Function runs on a cluster: the
// scheduler's rules (scheduler/placing/strategy.h), over what the nodes are labelled with and the
// shim can do.
//
//   a manifest, the nodes' labels --> [ Place ] --> the RuntimeClass of its pods
//
// Nothing is measured on a cluster yet: no class is known to keep an SLO or a budget, so that the
// rules and what a node has decide. On which node of those that have the class a pod runs is
// Kubernetes' choice.
//
// Threads: pure. Tested by desired_test.cc.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/text/json.h"
#include "model/placement.h"
#include "model/resource.h"
#include "model/values.h"
#include "scheduler/placing/strategy.h"

namespace strata::kube::controller {

// "strata-container"
std::string RuntimeClassOf(model::Class sandbox_class);

// The classes for which a node, as Kubernetes has it, has a label, "strata.dev/container": "true".
scheduler::ClassSet ClassesOf(const Json& node);

// The classes of each node, by its name.
using ClusterNodes = std::map<std::string, scheduler::ClassSet>;

// Whether all calls of `resource`, a Service or a Function, have one server: an image. Of a
// Function its manifest says so, with 'guest: http' and a class of images: nobody looks into the
// artifact.
bool IsServer(const model::Resource& resource);

// `resource`: a server, or a Function that is a component: class wasm serves it with a fresh
// sandbox for each call, and nobody does so with an image. kFailedPrecondition: no node has a class
// that fits; kUnsupported: it asks for what no class has on a cluster.
Result<model::Placement> Place(const model::Resource& resource, const ClusterNodes& nodes);

}  // namespace strata::kube::controller
