#include "kube/activator/workload.h"

#include <algorithm>
#include <utility>

#include "kube/activation.h"
#include "kube/controller/stored.h"
#include "model/resource.h"

namespace strata::kube::activator {
namespace {

constexpr std::size_t kMostWaiting = 1000;
constexpr std::size_t kTurns = 10;  // requests that wait for each that is served at once

std::size_t MostWaiting(const model::Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  const model::Scale scale =
      service != nullptr && service->scale ? *service->scale : model::Scale{};
  const std::size_t each = scale.concurrency.value_or(*model::kServiceScale.concurrency);
  return std::min(kMostWaiting, kTurns * each * scale.max.value_or(*model::kServiceScale.max));
}

std::optional<std::uint16_t> PortOfSlice(const Json& slice) {
  if (!slice.contains("ports") || !slice["ports"].is_array()) return std::nullopt;
  for (const Json& port : slice["ports"]) {
    if (!port.is_object() || !port.contains("name") || port["name"] != kPortName) continue;
    const auto found = port.find("port");
    if (found == port.end() || !found->is_number_unsigned()) return std::nullopt;
    const auto number = found->get<std::uint64_t>();
    if (number == 0 || number > 65'535) return std::nullopt;
    return static_cast<std::uint16_t>(number);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Workload> ReadWorkload(const Json& service, const std::optional<Workload>& before) {
  const auto port = ActivatorPortOf(service);
  if (!port || service.at("metadata").contains("deletionTimestamp")) return std::nullopt;
  Workload workload{.uid = service.at("metadata").value("uid", ""),
                    .port = *port,
                    .limits = {},
                    .most_waiting = kMostWaiting};
  const auto resource = controller::ReadStored(service);
  if (resource && resource->workload() != nullptr) {
    workload.limits = resource->workload()->limits;
    workload.most_waiting = MostWaiting(*resource);
  } else if (before && before->uid == workload.uid) {
    workload.limits = before->limits;
    workload.most_waiting = before->most_waiting;
  }
  return workload;
}

void Workloads::Set(const std::string& key, std::optional<Workload> workload) {
  if (workload) {
    known_.insert_or_assign(key, *std::move(workload));
  } else {
    known_.erase(key);
  }
}

std::optional<Workload> Workloads::Find(const std::string& key) const {
  const auto found = known_.find(key);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::map<std::string, Workload> Workloads::Served() const {
  std::map<std::uint16_t, std::size_t> claims;
  for (const auto& [key, workload] : known_) ++claims[workload.port];
  std::map<std::string, Workload> served;
  for (const auto& [key, workload] : known_) {
    if (claims[workload.port] == 1) served.emplace(key, workload);
  }
  return served;
}

std::string PodsOf(const Json& slice) {
  const Json none = Json::object();
  const Json& metadata = slice.at("metadata");
  const Json labels = metadata.value("labels", none);
  const std::string front = labels.value("kubernetes.io/service-name", "");
  if (!front.ends_with(kPodsSuffix)) return {};
  return metadata.value("namespace", "") + "/" + front.substr(0, front.size() - kPodsSuffix.size());
}

std::vector<http::TcpAddress> ReadyPods(const Json& slice) {
  std::vector<http::TcpAddress> ready;
  const auto port = PortOfSlice(slice);
  const Json none = Json::array();
  const Json endpoints = slice.value("endpoints", none);
  if (!port || !endpoints.is_array()) return ready;
  for (const Json& endpoint : endpoints) {
    // What is not said is so.
    if (!endpoint.value("/conditions/ready"_json_pointer, true)) continue;
    const Json addresses = endpoint.value("addresses", none);
    if (addresses.empty() || !addresses.front().is_string()) continue;
    ready.push_back({addresses.front().get<std::string>(), *port});
  }
  return ready;
}

}  // namespace strata::kube::activator
