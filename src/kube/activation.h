// kube/activation.h - names and ports that operator and activator share, of a Service whose
// replicas follow its load: its port at the activator, and the objects that lead there.
//
//   client --> Kubernetes' Service "web" --EndpointSlice "web.activator"--> activator, own port
//          --EndpointSlices of the Service "web-pods"--> a pod
//
// Threads: pure. Tested by controller/desired_test.cc, activator/workload_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text/json.h"
#include "model/resource.h"

namespace strata::kube {

// Of the one port that a Service of Kubernetes' has, and its EndpointSlices.
inline constexpr std::string_view kPortName = "main";
// What follows a Service's name in that of Kubernetes' Service that has its pods.
inline constexpr std::string_view kPodsSuffix = "-pods";
// And in that of the EndpointSlice that leads to the activator.
inline constexpr std::string_view kActivatorSuffix = ".activator";
// On that Service of Kubernetes', which hands it on to its EndpointSlices.
inline constexpr std::string_view kBehindLabel = "strata.dev/behind";
// Who writes an EndpointSlice, and that it is the operator.
inline constexpr std::string_view kManagedByLabel = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view kManager = "strata-operator";
// Kubernetes' Service in front of all activators, in the operator's namespace.
inline constexpr std::string_view kActivatorName = "strata-activator";

// The ports at which activators listen, one for each Service.
inline constexpr std::uint16_t kFirstPort = 20'000;
inline constexpr std::uint16_t kLastPort = 29'999;
// Where they say what they are asked for, and whether they are ready.
inline constexpr std::uint16_t kDemandPort = 8'079;

// A Service whose replicas are not always the same number: its requests go through the activator.
inline bool FollowsLoad(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  return service != nullptr && service->scale && service->scale->min != service->scale->max;
}

// The one that the operator has chosen for a Service, as the API server has it.
inline std::optional<std::uint16_t> ActivatorPortOf(const Json& service) {
  const auto where = "/status/activator/port"_json_pointer;
  if (!service.contains(where) || !service.at(where).is_number_integer()) return std::nullopt;
  const auto port = service.at(where).get<std::int64_t>();
  if (port < kFirstPort || port > kLastPort) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

}  // namespace strata::kube
