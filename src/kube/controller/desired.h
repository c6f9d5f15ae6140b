// kube/controller/desired.h - what a cluster shall have for one of ours: for a Service or Function
// a Deployment in its class, a Service of Kubernetes' in front of it, a NetworkPolicy that grants
// no way out, a PersistentVolumeClaim for each named volume, and for its triggers an Ingress; for a
// Route an Ingress. Of a Service whose replicas follow its load the one in front leads to the
// activators (activation.h), and another one has its pods.
//
//   a manifest, its class --> [ DesiredObjects ] --> api_client.h applies them
//
// What a manifest asks for and Kubernetes' objects cannot keep is refused, never left out. Nothing
// is said that the API server does not keep as it is said (difference.h): no empty list, map, text
// or null, no false or 0 where that is what is meant anyway, and quantities in its spelling.
//
// Threads: pure. Tested by desired_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "model/resource.h"
#include "model/values.h"

namespace strata::kube::controller {

// Whose an object is: labels that all of them have, with the resource's kind and name.
inline constexpr std::string_view kKindLabel = "strata.dev/kind";
inline constexpr std::string_view kNameLabel = "strata.dev/name";

// What follows the name of a Route in that of its Ingress: none of ours has a dot in its name.
inline constexpr std::string_view kRouteSuffix = ".route";
// And what follows that of a named volume in its claim's.
inline constexpr std::string_view kVolumeSuffix = ".volume";

inline constexpr std::string_view kVolumeKind = "PersistentVolumeClaim";

// On the claim of a volume that stays when nobody names it any more: it has no owner, and is that
// of whichever resource has the kind and name in its labels.
inline constexpr std::string_view kRetainAnnotation = "strata.dev/retain";

// Of a Service whose replicas follow its load: how many there are to be, and where its requests go.
struct Activation {
  std::uint32_t replicas = 0;
  std::string why;  // so many
  std::uint16_t port = 0;
  std::vector<std::string> activators;  // addresses of one family
};

// The objects of `resource`, a Service or a Function, in the order in which they are made. `uid` is
// the resource's in the cluster, which owns them. `activation`: where its replicas follow its load.
// Fails as CheckSupported does (supported.h); kUnavailable: there is no activator for it.
Result<std::vector<Json>> DesiredObjects(const model::Resource& resource, std::string_view uid,
                                         model::Class sandbox_class,
                                         const std::optional<Activation>& activation = {});

// Those of a Route. Whether there is what it leads to is seen by whoever asks.
Result<std::vector<Json>> RouteObjects(const model::Resource& resource, std::string_view uid);

// Where the API server has an object: "/apis/apps/v1/namespaces/shop/deployments/web".
std::string PathOf(const Json& object);

}  // namespace strata::kube::controller
