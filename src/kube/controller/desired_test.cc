#include "kube/controller/desired.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/controller/place.h"
#include "model/manifest/manifest.h"

namespace strata::kube::controller {
namespace {

using model::Class;
using ::testing::HasSubstr;

// With `fields` in its spec.
model::Resource ResourceWith(const std::string& kind, const std::string& fields) {
  auto resources = model::ParseManifests("apiVersion: strata.dev/v1alpha1\nkind: " + kind +
                                             "\nmetadata: {name: web, namespace: shop}\n"
                                             "spec: {artifact: \"oci://registry.example/web:1\"" +
                                             (fields.empty() ? "" : ", " + fields) + "}\n",
                                         "s.yaml");
  if (!resources) {
    ADD_FAILURE() << resources.error().message;
    return {};
  }
  return resources->front();
}

model::Resource ServiceWith(const std::string& fields) { return ResourceWith("Service", fields); }
model::Resource FunctionWith(const std::string& fields) { return ResourceWith("Function", fields); }

std::vector<Json> ObjectsOf(const std::string& fields) {
  auto objects = DesiredObjects(ServiceWith(fields), "uid-1", Class::kContainer);
  EXPECT_TRUE(objects.has_value()) << objects.error().message;
  return objects ? *std::move(objects) : std::vector<Json>(3, Json::object());
}

Json PodOf(const std::string& fields) { return ObjectsOf(fields)[1]["spec"]["template"]["spec"]; }

Json Node(const std::string& name, const std::vector<std::string>& classes) {
  Json labels = Json::object();
  for (const std::string& each : classes) labels["strata.dev/" + each] = "true";
  return {{"metadata", {{"name", name}, {"labels", labels}}}};
}

// As Kubernetes has them.
Result<model::Placement> PlaceOn(const std::string& fields, const std::vector<Json>& objects) {
  ClusterNodes nodes;
  for (const Json& each : objects) nodes[each["metadata"]["name"]] = ClassesOf(each);
  return Place(ServiceWith(fields), nodes);
}

// What the API server leaves out of what it keeps, and then is missed at each look.
bool SaysNothing(const Json& value) {
  if (value.is_string()) return value == "";
  if (value.is_primitive()) return value.is_null();
  return value.empty() || std::ranges::any_of(value, SaysNothing);
}

TEST(DesiredTest, NothingIsSaidThatTheApiServerDoesNotKeep) {
  for (const char* fields : {"", "replicas: 3, port: 8000, env: {A: b, EMPTY: \"\"}",
                             "health: {readiness: {httpGet: {path: /}}}"}) {
    for (const Json& object : ObjectsOf(fields)) EXPECT_FALSE(SaysNothing(object)) << object;
  }
}

TEST(DesiredTest, AServiceIsADeploymentAServiceAndAPolicy) {
  const auto objects = ObjectsOf("replicas: 3, port: 8000");
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(PathOf(objects[0]), "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web");
  EXPECT_EQ(PathOf(objects[1]), "/apis/apps/v1/namespaces/shop/deployments/web");
  EXPECT_EQ(PathOf(objects[2]), "/api/v1/namespaces/shop/services/web");
  for (const Json& object : objects) {
    EXPECT_EQ(object["metadata"]["ownerReferences"][0]["uid"], "uid-1");
    EXPECT_EQ(object["metadata"]["labels"]["strata.dev/name"], "web");
  }
  const Json& policy = objects[0]["metadata"]["ownerReferences"][0];
  EXPECT_FALSE(policy.contains("blockOwnerDeletion")) << "it has to outlive the pods";
  EXPECT_EQ(objects[1]["metadata"]["ownerReferences"][0]["blockOwnerDeletion"], true);
  EXPECT_EQ(objects[1]["spec"]["replicas"], 3);
  EXPECT_EQ(ObjectsOf("scale: {min: 2, max: 2}")[1]["spec"]["replicas"], 2);
  EXPECT_EQ(objects[2]["spec"]["ports"][0]["port"], 8000);
  EXPECT_EQ(objects[2]["spec"]["selector"], objects[1]["spec"]["selector"]["matchLabels"]);
}

// How many there are, and where its requests go.
Activation Activated() {
  return {.replicas = 2, .why = "", .port = 20'001, .activators = {"10.0.0.1", "10.0.0.2"}};
}

TEST(DesiredTest, AServiceThatFollowsItsLoadIsReachedThroughTheActivators) {
  auto made = DesiredObjects(ServiceWith("port: 8000, scale: {min: 0, max: 3}"), "uid-1",
                             Class::kContainer, Activated());
  ASSERT_TRUE(made.has_value()) << made.error().message;
  ASSERT_EQ(made->size(), 5U);
  const Json& deployment = (*made)[1];
  const Json& pods = (*made)[2];
  const Json& slice = (*made)[3];
  const Json& front = (*made)[4];
  EXPECT_EQ(deployment["spec"]["replicas"], 2);
  const Json labels = deployment["spec"]["selector"]["matchLabels"];
  EXPECT_EQ(PathOf(pods), "/api/v1/namespaces/shop/services/web-pods");
  EXPECT_EQ(pods["spec"]["selector"], labels);
  EXPECT_EQ(pods["spec"]["clusterIP"], "None");
  EXPECT_EQ(pods["metadata"]["labels"]["strata.dev/behind"], "activator");
  EXPECT_EQ(PathOf(slice),
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web.activator");
  EXPECT_EQ(slice["metadata"]["labels"]["kubernetes.io/service-name"], "web");
  EXPECT_EQ(slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"],
            "strata-operator");
  EXPECT_EQ(slice["addressType"], "IPv4");
  EXPECT_EQ(slice["ports"], Json::parse(R"([{"name": "main", "port": 20001, "protocol": "TCP"}])"));
  ASSERT_EQ(slice["endpoints"].size(), 2U);
  EXPECT_EQ(slice["endpoints"][1]["addresses"], Json::array({"10.0.0.2"}));
  EXPECT_EQ(front["spec"]["ports"][0]["port"], 8000);
  EXPECT_NE(front["spec"]["selector"], labels) << "it would lead past the activators";
  EXPECT_TRUE(front["spec"]["selector"].contains("strata.dev/behind"));
  EXPECT_FALSE(labels.contains("strata.dev/behind"));
  for (const Json& object : *made) {
    EXPECT_FALSE(SaysNothing(object)) << object;
    EXPECT_EQ(object["metadata"]["ownerReferences"][0]["uid"], "uid-1");
  }
}

TEST(DesiredTest, WithoutAnActivatorWhatFollowsItsLoadIsNotMade) {
  const auto service = ServiceWith("scale: {max: 3}");
  Activation nobody = Activated();
  nobody.activators.clear();
  for (const auto& activation : {std::optional<Activation>(), std::optional(nobody)}) {
    auto made = DesiredObjects(service, "uid-1", Class::kContainer, activation);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Errc::kUnavailable);
    EXPECT_THAT(made.error().message, HasSubstr("strata-activator"));
  }
}

TEST(DesiredTest, WhatTheActivatorKeepsIsNotRefused) {
  auto made = DesiredObjects(
      ServiceWith("limits: {timeout_ms: 100, concurrency: 7, request_kib: 8, response_kib: 9}, "
                  "scale: {min: 1, max: 3, concurrency: 4, keep_alive: 90s}"),
      "uid-1", Class::kContainer, Activated());
  EXPECT_TRUE(made.has_value()) << made.error().message;
  made = DesiredObjects(ServiceWith("limits: {cpu_time_ms: 1}, scale: {max: 3}"), "uid-1",
                        Class::kContainer, Activated());
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr("spec.limits.cpu_time_ms"));
}

TEST(DesiredTest, ANameThatLeavesNoRoomForTheOtherServicesIsRefused) {
  model::Resource service = ServiceWith("scale: {max: 3}");
  service.metadata.name = std::string(58, 'a');
  EXPECT_TRUE(DesiredObjects(service, "uid-1", Class::kContainer, Activated()).has_value());
  service.metadata.name += "a";
  const auto made = DesiredObjects(service, "uid-1", Class::kContainer, Activated());
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr("metadata.name"));
}

TEST(DesiredTest, AFunctionIsPodsOfClassWasmWithAFrontAtPort80) {
  auto objects = DesiredObjects(FunctionWith("env: {A: b}"), "uid-1", Class::kWasm);
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  ASSERT_EQ(objects->size(), 3U);
  const Json& pod = (*objects)[1]["spec"]["template"];
  EXPECT_EQ(pod["spec"]["runtimeClassName"], "strata-wasm");
  EXPECT_EQ(pod["spec"]["containers"][0]["ports"][0]["containerPort"], 8080);
  EXPECT_EQ(pod["spec"]["containers"][0]["env"][0]["value"], "b");
  EXPECT_EQ(pod["metadata"]["labels"]["strata.dev/kind"], "Function");
  EXPECT_EQ((*objects)[2]["spec"]["ports"][0]["port"], 80);
}

TEST(DesiredTest, AFunctionInAnImageIsOneServerForAllItsCalls) {
  auto objects = DesiredObjects(
      FunctionWith("class: appkernel, guest: http, limits: {memory_mib: 96}, env: {PORT: \"1\"}"),
      "uid-1", Class::kAppkernel);
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  const Json& pod = (*objects)[1]["spec"]["template"];
  EXPECT_FALSE(pod["metadata"].contains("annotations")) << "limits of calls, which nobody keeps";
  const Json& container = pod["spec"]["containers"][0];
  EXPECT_EQ(container["ports"][0]["containerPort"], 8080);
  EXPECT_EQ(container["env"], Json::array({Json{{"name", "PORT"}, {"value", "1"}}}));
  EXPECT_EQ(container["resources"], (Json{{"limits", {{"memory", "96Mi"}}}}));
  EXPECT_EQ((*objects)[2]["spec"]["ports"][0]["port"], 80);
}

// What the shim reads (kube/shim/wasm/config.h), and how much its pod may then hold.
TEST(DesiredTest, TheLimitsOfAFunctionsCallsGoWithItsPod) {
  const auto objects =
      DesiredObjects(FunctionWith("limits: {memory_mib: 32, timeout_ms: 100, concurrency: 31}"),
                     "uid-1", Class::kWasm);
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  const Json& pod = (*objects)[1]["spec"]["template"];
  const auto limits = model::LimitsFromJson(
      *ParseJson(pod["metadata"]["annotations"]["strata.dev/limits"].get<std::string>()));
  ASSERT_TRUE(limits.has_value()) << limits.error().message;
  EXPECT_EQ(limits->memory, 32_MiB);
  EXPECT_EQ(limits->timeout, std::chrono::milliseconds(100));
  EXPECT_EQ(limits->concurrency, 31U);
  const Json& resources = pod["spec"]["containers"][0]["resources"];
  EXPECT_EQ(resources["requests"]["memory"], "64Mi");
  EXPECT_EQ(resources["limits"]["memory"], "1Gi");
  EXPECT_FALSE(ObjectsOf("")[1]["spec"]["template"]["metadata"].contains("annotations"));
}

TEST(DesiredTest, NothingIsGrantedThatWasNotAskedFor) {
  const Json policy = ObjectsOf("")[0]["spec"];
  EXPECT_EQ(policy["policyTypes"], Json::array({"Egress"}));
  EXPECT_FALSE(policy.contains("egress"));
  EXPECT_EQ(PodOf("")["automountServiceAccountToken"], false);
}

TEST(DesiredTest, ThePodIsTheWorkload) {
  const Json pod = PodOf("env: {SIZE: \"128\"}, limits: {memory_mib: 96}, stop_timeout_ms: 1500");
  EXPECT_EQ(pod["runtimeClassName"], "strata-container");
  EXPECT_EQ(pod["terminationGracePeriodSeconds"], 5 + 2);
  EXPECT_EQ(pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"], 5);
  const Json& container = pod["containers"][0];
  EXPECT_EQ(container["image"], "registry.example/web:1");
  EXPECT_EQ(container["env"], Json::array({Json{{"name", "PORT"}, {"value", "8080"}},
                                           Json{{"name", "SIZE"}, {"value", "128"}}}));
  EXPECT_EQ(container["resources"]["limits"]["memory"], "96Mi");
  EXPECT_EQ(container["readinessProbe"]["tcpSocket"]["port"], "main");
  EXPECT_FALSE(container.contains("livenessProbe"));
}

TEST(DesiredTest, SizesAreWrittenAsTheApiServerDoes) {
  for (const auto& [mib, written] : {std::pair("96", "96Mi"), std::pair("1024", "1Gi"),
                                     std::pair("1536", "1536Mi"), std::pair("4096", "4Gi")}) {
    const Json pod = PodOf("limits: {memory_mib: " + std::string(mib) + "}");
    EXPECT_EQ(pod["containers"][0]["resources"]["limits"]["memory"], written);
  }
}

TEST(DesiredTest, ProbesAreTheManifests) {
  const Json pod = PodOf(
      "health: {readiness: {httpGet: {path: /ok, port: 9000}, period_ms: 100, timeout_ms: 2001},"
      " liveness: {exec: {command: [check]}, initial_delay_ms: 10}}");
  const Json& container = pod["containers"][0];
  EXPECT_EQ(container["readinessProbe"]["httpGet"], (Json{{"path", "/ok"}, {"port", 9000}}));
  EXPECT_EQ(container["readinessProbe"]["periodSeconds"], 1);  // the least that there is
  EXPECT_EQ(container["readinessProbe"]["timeoutSeconds"], 3);
  EXPECT_EQ(container["livenessProbe"]["exec"]["command"], Json::array({"check"}));
  EXPECT_EQ(container["livenessProbe"]["initialDelaySeconds"], 1);
  EXPECT_FALSE(container["readinessProbe"].contains("initialDelaySeconds"));
}

TEST(DesiredTest, DirectoriesInMemoryAreEmptyDirs) {
  const Json pod = PodOf(
      "volumes: [{name: cache, tmpfs: {size_mib: 16}}], mounts: [{volume: cache, mount: /cache}],"
      " grants: {dirs: [{guest: /tmp, mode: scratch}]}");
  EXPECT_EQ(pod["volumes"][0]["emptyDir"], (Json{{"medium", "Memory"}, {"sizeLimit", "16Mi"}}));
  EXPECT_EQ(pod["volumes"][1]["emptyDir"], (Json{{"medium", "Memory"}}));
  const Json& mounts = pod["containers"][0]["volumeMounts"];
  EXPECT_EQ(mounts[0]["mountPath"], "/cache");
  EXPECT_EQ(mounts[1]["mountPath"], "/tmp");
}

TEST(DesiredTest, ANamedVolumeIsAClaimThatOnePodAtATimeHas) {
  const auto objects = ObjectsOf(
      "volumes: [{name: d, named: {volume: data, size_mib: 2048}}],"
      " mounts: [{volume: d, mount: /d, read_only: true}]");
  ASSERT_EQ(objects.size(), 4U);
  const Json& claim = objects[1];
  EXPECT_EQ(PathOf(claim), "/api/v1/namespaces/shop/persistentvolumeclaims/data.volume");
  EXPECT_EQ(claim["spec"]["resources"]["requests"]["storage"], "2Gi");
  EXPECT_EQ(claim["spec"]["accessModes"], Json::array({"ReadWriteOncePod"}));
  EXPECT_EQ(claim["metadata"]["ownerReferences"][0]["uid"], "uid-1");
  EXPECT_FALSE(claim["metadata"].contains("annotations"));
  const Json& spec = objects[2]["spec"];
  EXPECT_EQ(spec["strategy"]["rollingUpdate"], (Json{{"maxSurge", 0}, {"maxUnavailable", 1}}));
  const Json& pod = spec["template"]["spec"];
  EXPECT_EQ(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "data.volume");
  EXPECT_TRUE(pod["securityContext"].contains("fsGroup"));
  EXPECT_EQ(pod["containers"][0]["volumeMounts"][0],
            (Json{{"name", "d"}, {"mountPath", "/d"}, {"readOnly", true}}));
  EXPECT_FALSE(ObjectsOf("")[1]["spec"].contains("strategy"));
}

TEST(DesiredTest, AComponentReadsANamedVolume) {
  const auto objects =
      DesiredObjects(FunctionWith("volumes: [{name: d, named: {volume: v, size_mib: 8}}],"
                                  " mounts: [{volume: d, mount: /d, read_only: true}]"),
                     "uid-1", Class::kWasm);
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  EXPECT_EQ(objects->size(), 4U);
}

TEST(DesiredTest, AVolumeThatIsKeptHasNoOwner) {
  const auto objects = ObjectsOf(
      "volumes: [{name: d, named: {volume: data, size_mib: 8, retain: true}}],"
      " mounts: [{volume: d, mount: /d}]");
  ASSERT_EQ(objects.size(), 4U);
  const Json& metadata = objects[1]["metadata"];
  EXPECT_FALSE(metadata.contains("ownerReferences"));
  EXPECT_EQ(metadata["annotations"]["strata.dev/retain"], "true");
}

TEST(DesiredTest, TriggersAreRulesOfAnIngress) {
  auto objects = DesiredObjects(
      FunctionWith("triggers: [{http: {path: /a}}, {http: {host: b.example, path: /}}]"), "uid-1",
      Class::kWasm);
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  ASSERT_EQ(objects->size(), 4U);
  const Json& ingress = (*objects)[3];
  EXPECT_EQ(PathOf(ingress), "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web");
  const Json& rules = ingress["spec"]["rules"];
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_FALSE(rules[0].contains("host"));
  EXPECT_EQ(rules[0]["http"]["paths"][0]["path"], "/a");
  EXPECT_EQ(rules[0]["http"]["paths"][0]["pathType"], "Prefix");
  EXPECT_EQ(rules[1]["host"], "b.example");
  EXPECT_EQ(rules[1]["http"]["paths"][0]["backend"]["service"],
            (Json{{"name", "web"}, {"port", {{"name", "main"}}}}));
}

// With `fields` beside its path.
Result<std::vector<Json>> RouteWith(const std::string& fields) {
  auto resources = model::ParseManifests(
      "apiVersion: strata.dev/v1alpha1\nkind: Route\nmetadata: {name: web, namespace: shop}\n"
      "spec: {path: /r, " +
          fields + "}\n",
      "r.yaml");
  if (!resources) return std::unexpected(std::move(resources).error());
  return RouteObjects(resources->front(), "uid-1");
}

TEST(DesiredTest, ARouteIsAnIngressToItsOneBackend) {
  auto objects = RouteWith("backends: [{function: old, weight: 0}, {function: new}]");
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  ASSERT_EQ(objects->size(), 1U);
  EXPECT_EQ(PathOf(objects->front()),
            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web.route");
  const Json& path = objects->front()["spec"]["rules"][0]["http"]["paths"][0];
  EXPECT_EQ(path["path"], "/r");
  EXPECT_EQ(path["backend"]["service"]["name"], "new");
}

TEST(DesiredTest, WhatAnIngressDoesNotKnowIsRefusedByItsField) {
  for (const auto& [fields, named] :
       {std::pair("backends: [{function: a}, {function: b}]", "spec.backends[1].weight"),
        std::pair("backends: [{function: a, revision: 2}]", "spec.backends[0]"),
        std::pair("backends: [{function: a}], methods: [GET]", "spec.methods"),
        std::pair("backends: [{function: a}], headers: [{name: a, value: b}]", "spec.headers"),
        std::pair("backends: [{function: a}], split: {header: a}", "spec.split"),
        std::pair("backends: [{function: a}], mirror: {function: b}", "spec.mirror")}) {
    auto objects = RouteWith(fields);
    ASSERT_FALSE(objects.has_value()) << fields;
    EXPECT_EQ(objects.error().code, Errc::kUnsupported) << objects.error().message;
    EXPECT_THAT(objects.error().message, HasSubstr(named));
  }
}

struct Refused {
  const char* label;
  const char* kind;
  const char* fields;
  const char* named;
};
class NotYetTest : public ::testing::TestWithParam<Refused> {};

TEST_P(NotYetTest, IsRefusedByItsField) {
  auto objects =
      DesiredObjects(ResourceWith(GetParam().kind, GetParam().fields), "uid-1", Class::kContainer);
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code, Errc::kUnsupported);
  EXPECT_THAT(objects.error().message, HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, NotYetTest,
    ::testing::Values(
        Refused{"ScaleOfRequests", "Service", "scale: {min: 2, max: 2, concurrency: 5}",
                "spec.scale.concurrency"},
        Refused{"ScaleOfAWhile", "Service", "scale: {min: 2, max: 2, keep_alive: 5m}",
                "spec.scale.keep_alive"},
        Refused{"Restart", "Service", "restart: never", "spec.restart"},
        Refused{"Egress", "Service", "grants: {http: [\"a.example:443\"]}", "spec.grants.http"},
        Refused{"VolumeOfSeveral", "Service",
                "replicas: 2, volumes: [{name: d, named: {volume: d, size_mib: 8}}],"
                " mounts: [{volume: d, mount: /d}]",
                "spec.replicas"},
        Refused{"VolumeOfAComponent", "Function",
                "volumes: [{name: t, tmpfs: {size_mib: 8}}, {name: d, named: {volume: v, size_mib: "
                "8}}],"
                " mounts: [{volume: t, mount: /t}, {volume: d, mount: /d}]",
                "spec.mounts[1]"},
        Refused{"VolumeTwice", "Service",
                "volumes: [{name: d, named: {volume: v, size_mib: 8}},"
                " {name: e, named: {volume: v, size_mib: 8}}],"
                " mounts: [{volume: d, mount: /d}, {volume: e, mount: /e}]",
                "spec.volumes[1].named.volume"},
        Refused{"Method", "Service", "triggers: [{http: {path: /, methods: [GET]}}]",
                "spec.triggers[0].http.methods"},
        Refused{"Order", "Service", "priority: high", "spec.priority"},
        Refused{"Wait", "Service", "limits: {timeout_ms: 100}", "spec.limits.timeout_ms"},
        Refused{"Kept", "Function", "scale: {max: 3}", "spec.scale"},
        Refused{"KeptServer", "Function", "class: container, guest: http, scale: {max: 3}",
                "spec.scale"},
        Refused{"WaitForServer", "Function",
                "class: container, guest: http, limits: {timeout_ms: 100}",
                "spec.limits.timeout_ms"},
        Refused{"Command", "Function", "guest: command", "spec.guest"},
        Refused{"AtOnce", "Function", "limits: {concurrency: 1001}", "spec.limits.concurrency"}),
    [](const auto& info) { return info.param.label; });

TEST(PlaceTest, FollowsTheRulesAmongWhatNodesHave) {
  const std::vector<Json> nodes = {Node("a", {"container", "wasm"}), Node("b", {"microvm"})};
  EXPECT_EQ(PlaceOn("", nodes)->sandbox_class, Class::kContainer);
  EXPECT_EQ(PlaceOn("requires: {security: high}", nodes)->sandbox_class, Class::kMicrovm);
  EXPECT_EQ(PlaceOn("class: microvm", nodes)->sandbox_class, Class::kMicrovm);
}

TEST(PlaceTest, AFunctionIsAComponentAndAServiceAnImage) {
  ClusterNodes nodes;
  nodes["a"] = ClassesOf(Node("a", {"container", "wasm"}));
  EXPECT_EQ(Place(FunctionWith(""), nodes)->sandbox_class, Class::kWasm);
  EXPECT_EQ(Place(FunctionWith("class: container, guest: http"), nodes)->sandbox_class,
            Class::kContainer);
  for (const auto& [resource, says] :
       {std::pair(FunctionWith("class: container"), "with a class and 'guest: http'"),
        std::pair(ServiceWith("class: wasm"), "make it a Function")}) {
    auto placed = Place(resource, nodes);
    ASSERT_FALSE(placed.has_value());
    EXPECT_THAT(placed.error().message, HasSubstr(says));
  }
}

TEST(PlaceTest, AMachineHasNoDirectoryThatItCouldWrite) {
  const std::vector<Json> nodes = {Node("a", {"container", "microvm"})};
  const std::string named = "volumes: [{name: d, named: {volume: v, size_mib: 8}}], ";
  for (const std::string& fields :
       {named + "mounts: [{volume: d, mount: /d}]",
        std::string("volumes: [{name: d, tmpfs: {size_mib: 8}}], mounts: [{volume: d, mount: /d}]"),
        std::string("grants: {dirs: [{guest: /tmp, mode: scratch}]}")}) {
    auto refused = PlaceOn(fields + ", requires: {security: high}", nodes);
    ASSERT_FALSE(refused.has_value()) << fields;
    EXPECT_THAT(refused.error().message, HasSubstr("shares no directory")) << fields;
    EXPECT_EQ(PlaceOn(fields, nodes)->sandbox_class, Class::kContainer) << fields;
  }
  const auto reads = PlaceOn(
      named + "mounts: [{volume: d, mount: /d, read_only: true}], requires: {security: high}",
      nodes);
  ASSERT_TRUE(reads.has_value()) << reads.error().message;
  EXPECT_EQ(reads->sandbox_class, Class::kMicrovm);
}

TEST(PlaceTest, AClassThatNeedsMoreMemoryItselfIsNotTaken) {
  const std::vector<Json> nodes = {Node("a", {"appkernel", "microvm"})};
  const std::string medium = "requires: {security: medium}, limits: {memory_mib: ";
  EXPECT_EQ(PlaceOn(medium + "64}", nodes)->sandbox_class, Class::kAppkernel);
  EXPECT_EQ(PlaceOn(medium + "32}", nodes)->sandbox_class, Class::kMicrovm);
  EXPECT_EQ(PlaceOn("class: microvm, limits: {memory_mib: 1024}", nodes)->sandbox_class,
            Class::kMicrovm)
      << "a pod's machine is made as large";
  const auto refused = PlaceOn(medium + "8}", nodes);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("any of these would do: limits.memory_mib: 16"));
}

TEST(PlaceTest, WhatNoNodeHasIsRefused) {
  const std::vector<Json> nodes = {Node("a", {"container"})};
  for (const char* fields : {"requires: {security: high}", "class: microvm", "class: wasm"}) {
    auto placed = PlaceOn(fields, nodes);
    ASSERT_FALSE(placed.has_value()) << fields;
    EXPECT_EQ(placed.error().code, Errc::kFailedPrecondition) << placed.error().message;
  }
  EXPECT_FALSE(PlaceOn("", {}).has_value());
  auto devices = PlaceOn("devices: [{kind: gpu}]", nodes);
  ASSERT_FALSE(devices.has_value());
  EXPECT_EQ(devices.error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace strata::kube::controller
