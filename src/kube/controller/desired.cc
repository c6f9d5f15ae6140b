#include "kube/controller/desired.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "kube/controller/place.h"
#include "model/artifact_reference.h"

namespace strata::kube::controller {
namespace {

using model::Resource;
using model::ServiceSpec;

constexpr std::string_view kPortName = "main";

std::unexpected<Error> NotYet(std::string_view field, std::string_view why) {
  return Fail(Errc::kUnsupported, std::string(field) + ": " + std::string(why));
}

// What Kubernetes' objects would silently leave out.
Result<void> CheckSupported(const ServiceSpec& service) {
  const model::Workload& workload = service.workload;
  if (!workload.variants.empty()) {
    return NotYet("spec.variants", "on a cluster a Service has one artifact, an image");
  }
  if (!workload.grants.http.empty()) {
    return NotYet("spec.grants.http", "a NetworkPolicy knows addresses and no names");
  }
  for (std::size_t i = 0; i < workload.volumes.size(); ++i) {
    if (workload.volumes[i].tmpfs) continue;
    return NotYet("spec.volumes[" + std::to_string(i) + "]", "on a cluster there are tmpfs only");
  }
  if (service.scale) {
    return NotYet("spec.scale", "on a cluster a Service has a fixed number of 'replicas'");
  }
  if (service.restart != model::Restart::kAlways) {
    return NotYet("spec.restart", "a Deployment always starts its pods again");
  }
  return {};
}

// Kubernetes counts whole seconds.
std::int64_t Seconds(std::chrono::milliseconds time, std::int64_t least) {
  return std::max<std::int64_t>(least, std::chrono::ceil<std::chrono::seconds>(time).count());
}

// As the API server writes it: in the largest unit that it is a multiple of.
std::string Quantity(Bytes size) {
  constexpr std::array kUnits = {"Mi", "Gi", "Ti"};
  std::uint64_t count = size.count >> 20;
  std::size_t unit = 0;
  for (; unit + 1 < kUnits.size() && count != 0 && count % 1024 == 0; ++unit) count /= 1024;
  return std::to_string(count) + kUnits[unit];
}

Json PortOf(std::uint16_t port) { return port == 0 ? Json(kPortName) : Json(port); }

Json ProbeOf(const model::Probe& probe) {
  Json made = {{"periodSeconds", Seconds(probe.period, 1)},
               {"timeoutSeconds", Seconds(probe.timeout, 1)},
               {"successThreshold", probe.success_threshold},
               {"failureThreshold", probe.failure_threshold}};
  const std::int64_t delay = Seconds(probe.initial_delay, 0);
  if (delay > 0) made["initialDelaySeconds"] = delay;
  if (probe.http_get) {
    made["httpGet"] = {{"path", probe.http_get->path}, {"port", PortOf(probe.http_get->port)}};
  }
  if (probe.tcp_socket) made["tcpSocket"] = {{"port", PortOf(probe.tcp_socket->port)}};
  if (probe.exec) made["exec"] = {{"command", probe.exec->command}};
  return made;
}

// A replica is ready once it accepts connections, unless the manifest knows better.
void AddProbes(const ServiceSpec& service, Json& container) {
  const model::Health health = service.health.value_or(model::Health{});
  model::Probe accepts;
  accepts.tcp_socket.emplace();
  accepts.period = std::chrono::seconds(1);
  container["readinessProbe"] = ProbeOf(health.readiness.value_or(accepts));
  if (health.liveness) container["livenessProbe"] = ProbeOf(*health.liveness);
}

// Directories in memory, counted as the pod's.
void AddVolumes(const model::Workload& workload, Json& pod, Json& container) {
  const auto add = [&](const std::string& name, std::optional<Bytes> size) {
    Json directory = {{"medium", "Memory"}};
    if (size) directory["sizeLimit"] = Quantity(*size);
    pod["volumes"].push_back({{"name", name}, {"emptyDir", std::move(directory)}});
  };
  for (const model::Volume& volume : workload.volumes) add(volume.name, volume.tmpfs->size);
  for (const model::Mount& mount : workload.mounts) {
    Json seen = {{"name", mount.volume}, {"mountPath", mount.mount}};
    if (mount.read_only) seen["readOnly"] = true;
    container["volumeMounts"].push_back(std::move(seen));
  }
  for (std::size_t i = 0; i < workload.grants.dirs.size(); ++i) {
    const std::string name = "strata-scratch-" + std::to_string(i);
    add(name, std::nullopt);
    container["volumeMounts"].push_back(
        {{"name", name}, {"mountPath", workload.grants.dirs[i].guest}});
  }
}

class Objects {
 public:
  Objects(const Resource& resource, std::string_view uid) : resource_(resource), uid_(uid) {}

  [[nodiscard]] Json Deployment(const ServiceSpec& service, model::Class sandbox_class) const {
    Json object = Object("apps/v1", "Deployment");
    object["spec"] = {
        {"replicas", service.replicas.value_or(1)},
        {"selector", {{"matchLabels", Labels()}}},
        {"template",
         {{"metadata", {{"labels", Labels()}}}, {"spec", Pod(service, sandbox_class)}}}};
    return object;
  }

  [[nodiscard]] Json Service(const ServiceSpec& service) const {
    Json object = Object("v1", "Service");
    object["spec"] = {
        {"selector", Labels()},
        {"ports", Json::array({Json{
                      {"name", kPortName}, {"port", service.port}, {"targetPort", kPortName}}})}};
    return object;
  }

  // No way out: what a sandbox reaches is what it was granted. No list of them at all: an empty one
  // is not kept by the API server, which would take each look at it for a change.
  [[nodiscard]] Json NetworkPolicy() const {
    Json object = Object("networking.k8s.io/v1", "NetworkPolicy");
    object["spec"] = {{"podSelector", {{"matchLabels", Labels()}}},
                      {"policyTypes", Json::array({"Egress"})}};
    return object;
  }

 private:
  [[nodiscard]] Json Labels() const {
    return {{std::string(kOwnerLabel), resource_.metadata.name}};
  }

  [[nodiscard]] Json Object(std::string_view version, std::string_view kind) const {
    Json owner = {{"apiVersion", model::kApiVersion},
                  {"kind", model::KindName(resource_.kind())},
                  {"name", resource_.metadata.name},
                  {"uid", uid_},
                  {"controller", true},
                  {"blockOwnerDeletion", true}};
    return {{"apiVersion", version},
            {"kind", kind},
            {"metadata",
             {{"name", resource_.metadata.name},
              {"namespace", resource_.metadata.tenant},
              {"labels", Labels()},
              {"ownerReferences", Json::array({std::move(owner)})}}}};
  }

  [[nodiscard]] static Json Pod(const ServiceSpec& service, model::Class sandbox_class) {
    const model::Workload& workload = service.workload;
    const model::ArtifactReference artifact = model::SplitArtifact(workload.artifact);
    Json container = {
        {"name", "main"},
        {"image", artifact.path},
        {"ports", Json::array({Json{{"name", kPortName}, {"containerPort", service.port}}})},
        {"resources", {{"limits", {{"memory", Quantity(workload.limits.memory)}}}}}};
    for (const auto& [name, value] : workload.env) {
      Json variable = {{"name", name}};
      if (!value.empty()) variable["value"] = value;
      container["env"].push_back(std::move(variable));
    }
    AddProbes(service, container);
    Json pod = {{"runtimeClassName", RuntimeClassOf(sandbox_class)},
                {"automountServiceAccountToken", false},
                {"enableServiceLinks", false},
                {"terminationGracePeriodSeconds", Seconds(service.stop_timeout, 0)}};
    AddVolumes(workload, pod, container);
    pod["containers"] = Json::array({std::move(container)});
    return pod;
  }

  const Resource& resource_;
  std::string_view uid_;
};

}  // namespace

Result<std::vector<Json>> DesiredObjects(const Resource& resource, std::string_view uid,
                                         model::Class sandbox_class) {
  const auto& service = std::get<ServiceSpec>(resource.spec);
  if (auto supported = CheckSupported(service); !supported) {
    return std::unexpected(std::move(supported).error());
  }
  const Objects objects(resource, uid);
  std::vector<Json> made;
  made.push_back(objects.NetworkPolicy());
  made.push_back(objects.Deployment(service, sandbox_class));
  made.push_back(objects.Service(service));
  return made;
}

std::string PathOf(const Json& object) {
  const std::string version = object.at("apiVersion").get<std::string>();
  const std::string kind = Lower(object.at("kind").get<std::string>());
  const bool core = version.find('/') == std::string::npos;
  // All kinds that are made here have a regular plural.
  const std::string plural =
      kind.ends_with('y') ? kind.substr(0, kind.size() - 1) + "ies" : kind + "s";
  const Json& metadata = object.at("metadata");
  return (core ? "/api/" : "/apis/") + version + "/namespaces/" +
         metadata.at("namespace").get<std::string>() + "/" + plural + "/" +
         metadata.at("name").get<std::string>();
}

}  // namespace strata::kube::controller
