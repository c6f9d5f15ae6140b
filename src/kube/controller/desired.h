// kube/controller/desired.h - what a cluster shall have for one of our Services: a Deployment in
// its class, a Service of Kubernetes' in front of it, and a NetworkPolicy that grants no way out.
//
//   a Service's manifest, its class --> [ DesiredObjects ] --> api_client.h applies them
//
// What a manifest asks for and Kubernetes' objects cannot keep is refused, never left out. Nothing
// is said that the API server does not keep as it is said (difference.h): no empty list, map, text
// or null, no false or 0 where that is what is meant anyway, and quantities in its spelling.
//
// Threads: pure. Tested by desired_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::kube::controller {

// Whose an object is: the label that all of them have, with the resource's name.
inline constexpr std::string_view kOwnerLabel = "strata.dev/service";

// The objects of `resource`, a Service, in the order in which they are made. `uid` is the
// resource's in the cluster, which owns them. kUnsupported: the manifest asks for something that is
// not to be had on a cluster yet; the message has the field.
Result<std::vector<Json>> DesiredObjects(const model::Resource& resource, std::string_view uid,
                                         model::Class sandbox_class);

// Where the API server has an object: "/apis/apps/v1/namespaces/shop/deployments/web".
std::string PathOf(const Json& object);

}  // namespace strata::kube::controller
