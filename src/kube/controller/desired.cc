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
#include <variant>
#include <vector>

#include "base/text/strings.h"
#include "kube/activation.h"
#include "kube/annotations.h"
#include "kube/controller/place.h"
#include "kube/controller/supported.h"
#include "model/artifact_reference.h"
#include "model/manifest/manifest.h"

namespace strata::kube::controller {
namespace {

using model::Resource;

// Where the shim has a component answer, and an image is told to.
constexpr std::uint16_t kFunctionPort = 8080;
constexpr std::uint16_t kFunctionFrontPort = 80;

// How long a pod that ends still answers: until proxies everywhere have heard that it is to be left
// out, which Kubernetes tells them and the pod at once.
constexpr std::int64_t kLeaveSeconds = 5;

// Whose a named volume is, beside its owner; every pod that has one is of that group. As good as
// any that is not root's: many images call it "nonroot". The operator runs as it, too, and has no
// volume.
constexpr std::int64_t kVolumeGroup = 65532;

// What the cell of a Function's pod has for itself, beside what its calls may use.
constexpr Bytes kCellMemory = 32_MiB;

// What a Service and a Function have in common: pods of it run until they are stopped.
struct Served {
  const model::Workload& workload;
  const std::vector<model::HttpMatch>& triggers;
  std::uint16_t port = 0;        // in the pod
  std::uint16_t front_port = 0;  // of Kubernetes' Service
  std::uint32_t replicas = 1;
  bool server = true;  // else a call has a sandbox and limits of its own
  model::Health health;
  std::chrono::milliseconds stop_timeout{0};
};

// `resource`: a Service or a Function.
Served ServedBy(const Resource& resource) {
  const auto* service = std::get_if<model::ServiceSpec>(&resource.spec);
  if (service == nullptr) {
    const model::ServiceSpec usual;
    const auto& function = std::get<model::FunctionSpec>(resource.spec);
    return {.workload = function.workload,
            .triggers = function.triggers,
            .port = kFunctionPort,
            .front_port = kFunctionFrontPort,
            .server = IsServer(resource),
            .health = {},
            .stop_timeout = usual.stop_timeout};
  }
  return {.workload = service->workload,
          .triggers = service->triggers,
          .port = service->port,
          .front_port = service->port,
          .replicas = service->most(),  // the least, too, or decided by its load
          .health = service->health.value_or(model::Health{}),
          .stop_timeout = service->stop_timeout};
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

// Of a server what its program may use. Of a component as much as all calls at once may, each of
// which has a bound of its own; room for one of them is kept.
Json ResourcesOf(const model::Limits& limits, bool server) {
  if (server) return {{"limits", {{"memory", Quantity(limits.memory)}}}};
  const Bytes one{kCellMemory.count + limits.memory.count};
  const Bytes all{kCellMemory.count + limits.memory.count * limits.concurrency};
  return {{"requests", {{"memory", Quantity(one)}}}, {"limits", {{"memory", Quantity(all)}}}};
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
void AddProbes(const model::Health& health, Json& container) {
  model::Probe accepts;
  accepts.tcp_socket.emplace();
  accepts.period = std::chrono::seconds(1);
  container["readinessProbe"] = ProbeOf(health.readiness.value_or(accepts));
  if (health.liveness) container["livenessProbe"] = ProbeOf(*health.liveness);
}

std::vector<model::NamedVolume> NamedIn(const model::Workload& workload) {
  std::vector<model::NamedVolume> named;
  for (const model::Volume& volume : workload.volumes) {
    if (volume.named) named.push_back(*volume.named);
  }
  return named;
}

std::string ClaimOf(const model::NamedVolume& volume) {
  return volume.volume + std::string(kVolumeSuffix);
}

// Claims, and directories in memory, which are counted as the pod's.
void AddVolumes(const model::Workload& workload, Json& pod, Json& container) {
  const auto add = [&](const std::string& name, std::optional<Bytes> size) {
    Json directory = {{"medium", "Memory"}};
    if (size) directory["sizeLimit"] = Quantity(*size);
    pod["volumes"].push_back({{"name", name}, {"emptyDir", std::move(directory)}});
  };
  for (const model::Volume& volume : workload.volumes) {
    if (volume.tmpfs) {
      add(volume.name, volume.tmpfs->size);
      continue;
    }
    pod["volumes"].push_back({{"name", volume.name},
                              {"persistentVolumeClaim", {{"claimName", ClaimOf(*volume.named)}}}});
    // On one machine every user may write to a named volume.
    pod["securityContext"]["fsGroup"] = kVolumeGroup;
  }
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

// By segments, as ours: "/a" is "/a" and "/a/b", and not "/ab".
Json RuleOf(const model::HttpMatch& match, std::string_view front) {
  Json backend;
  backend["service"] = {{"name", front}, {"port", {{"name", kPortName}}}};
  Json path = {{"path", match.path}, {"pathType", "Prefix"}, {"backend", std::move(backend)}};
  Json rule = {{"http", {{"paths", Json::array({std::move(path)})}}}};
  if (match.host != "*") rule["host"] = match.host;
  return rule;
}

class Objects {
 public:
  Objects(const Resource& resource, std::string_view uid) : resource_(resource), uid_(uid) {}

  [[nodiscard]] Json Deployment(const Served& served, model::Class sandbox_class) const {
    Json object = Object("apps/v1", "Deployment");
    Json metadata = {{"labels", Labels()}};
    if (!served.server) {
      metadata["annotations"][kRequestLimits] =
          DumpJson(model::LimitsToJson(served.workload.limits));
    }
    object["spec"] = {
        {"replicas", served.replicas},
        {"selector", {{"matchLabels", Labels()}}},
        {"template", {{"metadata", std::move(metadata)}, {"spec", Pod(served, sandbox_class)}}}};
    // A volume is one pod's at a time: the next one could not start beside it.
    if (!NamedIn(served.workload).empty()) {
      object["spec"]["strategy"]["rollingUpdate"] = {{"maxSurge", 0}, {"maxUnavailable", 1}};
    }
    return object;
  }

  [[nodiscard]] Json Service(const Served& served) const {
    Json object = Object("v1", "Service");
    object["spec"] = {
        {"selector", Labels()},
        {"ports",
         Json::array(
             {Json{{"name", kPortName}, {"port", served.front_port}, {"targetPort", kPortName}}})}};
    return object;
  }

  // In front of pods that follow their load: its own selector finds none, which leaves it to the
  // EndpointSlice that leads to the activators, and has Kubernetes take away what led to pods.
  [[nodiscard]] Json ActivatedService(const Served& served) const {
    Json object = Service(served);
    object["spec"]["selector"][std::string(kBehindLabel)] = "activator";
    return object;
  }

  // Behind the activators: what tells them where the pods are.
  [[nodiscard]] Json PodsService(const Served& served) const {
    Json object = Service(served);
    object["metadata"]["name"] = resource_.metadata.name + std::string(kPodsSuffix);
    object["metadata"]["labels"][std::string(kBehindLabel)] = "activator";
    object["spec"]["clusterIP"] = "None";
    return object;
  }

  [[nodiscard]] Json ActivatorSlice(const Activation& activation) const {
    Json object = Object("discovery.k8s.io/v1", "EndpointSlice");
    Json& metadata = object["metadata"];
    metadata["name"] = resource_.metadata.name + std::string(kActivatorSuffix);
    metadata["labels"]["kubernetes.io/service-name"] = resource_.metadata.name;
    metadata["labels"][std::string(kManagedByLabel)] = kManager;
    const bool v6 = activation.activators.front().find(':') != std::string::npos;
    object["addressType"] = v6 ? "IPv6" : "IPv4";
    for (const std::string& address : activation.activators) {
      object["endpoints"].push_back(
          {{"addresses", Json::array({address})}, {"conditions", {{"ready", true}}}});
    }
    object["ports"] =
        Json::array({Json{{"name", kPortName}, {"port", activation.port}, {"protocol", "TCP"}}});
    return object;
  }

  // Of the storage class that is the cluster's default. Of one pod, as Kubernetes' scheduler and
  // kubelet see to: one that ends may write for as long as it takes, while a rollout, a drain or
  // who deleted it has the next one come.
  [[nodiscard]] Json Claim(const model::NamedVolume& volume) const {
    Json object = Object("v1", kVolumeKind);
    Json& metadata = object["metadata"];
    metadata["name"] = ClaimOf(volume);
    if (volume.retain) {
      metadata.erase("ownerReferences");
      metadata["annotations"][std::string(kRetainAnnotation)] = "true";
    }
    object["spec"] = {{"accessModes", Json::array({"ReadWriteOncePod"})},
                      {"resources", {{"requests", {{"storage", Quantity(volume.size)}}}}}};
    return object;
  }

  // Whose controller answers it is the cluster's default.
  [[nodiscard]] Json Ingress(std::string_view suffix, std::vector<Json> rules) const {
    Json object = Object("networking.k8s.io/v1", "Ingress");
    object["metadata"]["name"] = resource_.metadata.name + std::string(suffix);
    object["spec"]["rules"] = std::move(rules);
    return object;
  }

  // No way out: what a sandbox reaches is what it was granted. No list of them at all: an empty one
  // is not kept by the API server, which would take each look at it for a change. It does not block
  // its owner's deletion: what does is the first to be deleted by who deletes that in the
  // foreground, and pods would go on without it.
  [[nodiscard]] Json NetworkPolicy() const {
    Json object = Object("networking.k8s.io/v1", "NetworkPolicy");
    object["metadata"]["ownerReferences"][0].erase("blockOwnerDeletion");
    object["spec"] = {{"podSelector", {{"matchLabels", Labels()}}},
                      {"policyTypes", Json::array({"Egress"})}};
    return object;
  }

 private:
  [[nodiscard]] Json Labels() const {
    return {{std::string(kKindLabel), model::KindName(resource_.kind())},
            {std::string(kNameLabel), resource_.metadata.name}};
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

  [[nodiscard]] static Json Pod(const Served& served, model::Class sandbox_class) {
    const model::Workload& workload = served.workload;
    const model::ArtifactReference artifact = model::SplitArtifact(workload.artifact);
    Json container = {
        {"name", "main"},
        {"image", artifact.path},
        {"ports", Json::array({Json{{"name", kPortName}, {"containerPort", served.port}}})},
        {"resources", ResourcesOf(workload.limits, served.server)}};
    model::Env env = workload.env;
    if (served.server) env.try_emplace("PORT", std::to_string(served.port));
    for (const auto& [name, value] : env) {
      Json variable = {{"name", name}};
      if (!value.empty()) variable["value"] = value;
      container["env"].push_back(std::move(variable));
    }
    AddProbes(served.health, container);
    container["lifecycle"]["preStop"]["sleep"]["seconds"] = kLeaveSeconds;
    Json pod = {{"runtimeClassName", RuntimeClassOf(sandbox_class)},
                {"automountServiceAccountToken", false},
                {"enableServiceLinks", false},
                {"terminationGracePeriodSeconds", kLeaveSeconds + Seconds(served.stop_timeout, 0)}};
    AddVolumes(workload, pod, container);
    pod["containers"] = Json::array({std::move(container)});
    return pod;
  }

  const Resource& resource_;
  std::string_view uid_;
};

}  // namespace

Result<std::vector<Json>> DesiredObjects(const Resource& resource, std::string_view uid,
                                         model::Class sandbox_class,
                                         const std::optional<Activation>& activation) {
  if (auto supported = CheckSupported(resource); !supported) {
    return std::unexpected(std::move(supported).error());
  }
  const bool follows = FollowsLoad(resource);
  if (follows && (!activation || activation->activators.empty())) {
    return Fail(Errc::kUnavailable,
                "spec.scale: no strata-activator is ready and has a port for it, through which its "
                "requests go; install it, or give 'min' and 'max' one value");
  }
  Served served = ServedBy(resource);
  if (follows) served.replicas = activation->replicas;
  const Objects objects(resource, uid);
  std::vector<Json> made;
  made.push_back(objects.NetworkPolicy());
  for (const model::NamedVolume& volume : NamedIn(served.workload)) {
    made.push_back(objects.Claim(volume));
  }
  made.push_back(objects.Deployment(served, sandbox_class));
  if (follows) {
    made.push_back(objects.PodsService(served));
    made.push_back(objects.ActivatorSlice(*activation));
  }
  made.push_back(follows ? objects.ActivatedService(served) : objects.Service(served));
  if (served.triggers.empty()) return made;
  std::vector<Json> rules;
  for (const model::HttpMatch& trigger : served.triggers) {
    rules.push_back(RuleOf(trigger, resource.metadata.name));
  }
  made.push_back(objects.Ingress("", std::move(rules)));
  return made;
}

Result<std::vector<Json>> RouteObjects(const Resource& resource, std::string_view uid) {
  if (auto supported = CheckSupported(resource); !supported) {
    return std::unexpected(std::move(supported).error());
  }
  const auto& route = std::get<model::RouteSpec>(resource.spec);
  const auto backend = std::ranges::find_if(
      route.backends, [](const model::Backend& each) { return each.weight > 0; });
  std::vector<Json> rules = {RuleOf(route.match, backend->function)};
  return std::vector<Json>{Objects(resource, uid).Ingress(kRouteSuffix, std::move(rules))};
}

std::string PathOf(const Json& object) {
  const std::string version = object.at("apiVersion").get<std::string>();
  const std::string kind = Lower(object.at("kind").get<std::string>());
  const bool core = version.find('/') == std::string::npos;
  // All kinds that are made here have a regular plural.
  const std::string plural = kind.ends_with('y')   ? kind.substr(0, kind.size() - 1) + "ies"
                             : kind.ends_with('s') ? kind + "es"
                                                   : kind + "s";
  const Json& metadata = object.at("metadata");
  return (core ? "/api/" : "/apis/") + version + "/namespaces/" +
         metadata.at("namespace").get<std::string>() + "/" + plural + "/" +
         metadata.at("name").get<std::string>();
}

}  // namespace strata::kube::controller
