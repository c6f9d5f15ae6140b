#include "model/manifest/manifest.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kIssueExample = R"(apiVersion: strata.dev/v1alpha1
kind: Function
metadata: {name: thumbnail, namespace: shop, labels: {app: catalog}}
spec:
  artifact: ./thumbnail.wasm            # or oci:<layout path>
  guest: auto                           # auto | http (wasi:http) | command (WASI) | module
  triggers:
    - http: {host: "*", path: /thumbnail, methods: [POST]}
  limits: {memory_mib: 64, cpu_time_ms: 50, timeout_ms: 1000, concurrency: 100, request_kib: 1024, response_kib: 1024}
  env: {SIZE: "128"}
  grants: {http: ["api.example.com:443"], dirs: [{host: ./data, guest: /data, mode: ro}]}
  requires: {security: low, compatibility: low, performance: high}
  slo: {p99_ms: 20, cold_start_ms: 10}
)";

// A Function with `field` as one more line of its spec.
std::string FunctionWith(const std::string& field) {
  return "apiVersion: strata.dev/v1alpha1\n"
         "kind: Function\n"
         "metadata: {name: f}\n"
         "spec:\n"
         "  artifact: ./f.wasm\n" +
         (field.empty() ? "" : "  " + field + "\n");
}

// A Function with `fields` as its whole spec.
std::string SpecOf(const std::string& fields) {
  return "apiVersion: strata.dev/v1alpha1\nkind: Function\nmetadata: {name: f}\nspec: {" + fields +
         "}\n";
}

std::string ServiceWith(const std::string& field) {
  std::string text = FunctionWith(field);
  text.replace(text.find("Function"), 8, "Service");
  return text;
}

std::string RouteWith(const std::string& spec) {
  return "apiVersion: strata.dev/v1alpha1\n"
         "kind: Route\n"
         "metadata: {name: r}\n"
         "spec: " +
         spec + "\n";
}

Resource ParseOne(const std::string& text) {
  auto resources = ParseManifests(text, "f.yaml");
  if (!resources) {
    ADD_FAILURE() << resources.error().message;
    return {};
  }
  EXPECT_THAT(*resources, SizeIs(1));
  return resources->empty() ? Resource{} : resources->front();
}

std::string ErrorOf(const std::string& text) {
  auto resources = ParseManifests(text, "f.yaml");
  EXPECT_FALSE(resources) << "was accepted:\n" << text;
  if (resources) return "";
  EXPECT_EQ(resources.error().code, Errc::kInvalidArgument);
  return resources.error().message;
}

TEST(ManifestTest, ReadsEveryFieldOfAFunction) {
  const Resource resource = ParseOne(kIssueExample);
  EXPECT_EQ(resource.metadata.name, "thumbnail");
  EXPECT_EQ(resource.metadata.tenant, "shop");
  EXPECT_EQ(resource.metadata.labels.at("app"), "catalog");
  const auto& spec = std::get<FunctionSpec>(resource.spec);
  EXPECT_EQ(spec.workload.artifact, "./thumbnail.wasm");
  EXPECT_EQ(spec.workload.guest, GuestKind::kAuto);
  EXPECT_THAT(spec.triggers, ElementsAre(HttpMatch{"*", "/thumbnail", {"POST"}}));
  Limits limits;
  limits.cpu_time = std::chrono::milliseconds(50);
  limits.timeout = std::chrono::milliseconds(1000);
  EXPECT_EQ(spec.workload.limits, limits);
  EXPECT_EQ(spec.workload.env, (Env{{"SIZE", "128"}}));
  EXPECT_EQ(spec.workload.grants,
            (Grants{{{"api.example.com", 443}}, {{"./data", "/data", DirGrant::Mode::kReadOnly}}}));
  EXPECT_EQ(spec.workload.requires_, (Requires{Level::kLow, Level::kLow, Level::kHigh}));
  EXPECT_EQ(spec.workload.slo, (Slo{.p99 = std::chrono::milliseconds(20),
                                    .cold_start = std::chrono::milliseconds(10),
                                    .qps = std::nullopt,
                                    .availability = std::nullopt}));
}

TEST(ManifestTest, ReadsAPriority) {
  const Resource resource = ParseOne(FunctionWith("priority: high"));
  EXPECT_EQ(resource.workload()->priority, Priority::kHigh);
  EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
}

TEST(ManifestTest, ReadsABudget) {
  const Resource resource = ParseOne(FunctionWith("budget: {usd_cents: 250}"));
  EXPECT_EQ(resource.workload()->budget, Budget{250});
  EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
}

TEST(ManifestTest, ReadsLoadAndAvailability) {
  for (const auto& [text, parts] : {std::pair("99.95", 999'500), std::pair("99", 990'000),
                                    std::pair("99.9999", 999'999), std::pair("1.5", 15'000)}) {
    const Resource resource =
        ParseOne(FunctionWith("slo: {qps: 400, availability: " + std::string(text) + "}"));
    EXPECT_EQ(resource.workload()->slo.qps, 400U);
    EXPECT_EQ(resource.workload()->slo.availability, static_cast<std::uint32_t>(parts));
    EXPECT_THAT(ResourceToYaml(resource), HasSubstr(std::string("availability: ") + text));
    EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
  }
}

TEST(ManifestTest, ReadsDevices) {
  const Resource resource =
      ParseOne(FunctionWith("devices: [{kind: gpu}, {kind: usb, id: '1d6b:0002'}]"));
  EXPECT_THAT(resource.workload()->devices,
              ElementsAre(Device{DeviceKind::kGpu, ""}, Device{DeviceKind::kUsb, "1d6b:0002"}));
  EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
}

TEST(ManifestTest, FillsInDefaultsThatGrantNothing) {
  const Resource resource = ParseOne(FunctionWith(""));
  EXPECT_EQ(resource.metadata.tenant, "default");
  Workload workload;
  workload.artifact = "./f.wasm";
  EXPECT_EQ(std::get<FunctionSpec>(resource.spec), (FunctionSpec{workload, {}}));
}

TEST(ManifestTest, AClassWithinAnotherIsThePair) {
  const Resource resource = ParseOne(FunctionWith("class: container\n  within: microvm"));
  EXPECT_EQ(ClassOf(*resource.workload(), Class::kWasm), Class::kContainerInMicrovm);
  EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
  const Resource image = ParseOne(FunctionWith("within: microvm"));
  EXPECT_EQ(ClassOf(*image.workload(), Class::kContainer), Class::kContainerInMicrovm);
  EXPECT_EQ(ClassOf(*image.workload(), Class::kWasm), std::nullopt);
  EXPECT_GT(Class::kContainerInMicrovm, Class::kMicrovm);
}

TEST(ManifestTest, AutoIsAsLeavingTheClassOut) {
  const Resource resource = ParseOne(FunctionWith("class: auto"));
  EXPECT_EQ(resource.workload()->sandbox_class, std::nullopt);
  EXPECT_EQ(resource, ParseOne(FunctionWith("")));
}

TEST(ManifestTest, ReadsVariants) {
  const Resource resource =
      ParseOne(SpecOf("variants: [{artifact: ./f.wasm}, {artifact: 'oci:./layout'}]"));
  EXPECT_THAT(resource.workload()->variants,
              ElementsAre(Variant{"./f.wasm"}, Variant{"oci:./layout"}));
  EXPECT_EQ(resource.workload()->artifact, "");
  EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource);
  EXPECT_EQ(*ResourceFromJson(ResourceToJson(resource)), resource);
  EXPECT_EQ(*WorkloadFromJson(WorkloadToJson(*resource.workload())), *resource.workload());
}

TEST(ManifestTest, ReadsAFunctionsScale) {
  const std::string image = "variants: [{artifact: 'oci:./layout'}], scale: ";
  const auto scale = [&](const std::string& text) {
    const Resource resource = ParseOne(SpecOf(image + text));
    EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource) << ResourceToYaml(resource);
    return std::get<FunctionSpec>(resource.spec).scale;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(scale("{}"), Scale());
  EXPECT_EQ(scale("{min: 1, max: 4, keep_alive: auto}"), (Scale{.min = 1, .max = 4}));
  EXPECT_EQ(scale("{keep_alive: 0s}").keep_alive, milliseconds(0));
  EXPECT_EQ(scale("{keep_alive: 5m}").keep_alive, milliseconds(300'000));
  EXPECT_EQ(scale("{keep_alive: 1500ms}").keep_alive, milliseconds(1500));
}

TEST(ManifestTest, ReadsAServicesPortAndReplicas) {
  const Resource resource = ParseOne(ServiceWith("port: 9000\n  replicas: 3\n  guest: http"));
  const auto& spec = std::get<ServiceSpec>(resource.spec);
  EXPECT_EQ(spec.port, 9000);
  EXPECT_EQ(spec.replicas, 3U);
  EXPECT_EQ(spec.most(), 3U);
}

TEST(ManifestTest, ReadsHowAServiceScales) {
  const Resource resource =
      ParseOne(ServiceWith("scale: {min: 2, max: 7, concurrency: 20, keep_alive: 5m}"));
  const auto& spec = std::get<ServiceSpec>(resource.spec);
  const Scale expected{
      .min = 2, .max = 7, .concurrency = 20, .keep_alive = std::chrono::minutes(5)};
  EXPECT_EQ(spec.scale, expected);
  EXPECT_EQ(spec.most(), 7U);
  const Resource plain = ParseOne(ServiceWith("scale: {keep_alive: auto}"));
  EXPECT_EQ(std::get<ServiceSpec>(plain.spec).scale, kServiceScale);
}

TEST(ManifestTest, ReadsAServicesHealth) {
  const Resource resource = ParseOne(ServiceWith(
      "restart: on-failure\n  stop_timeout_ms: 500\n  health: {readiness: {httpGet: {path: /r, "
      "port: "
      "81}, period_ms: 200, failureThreshold: 2}, liveness: {exec: {command: [/bin/check, -q]}}}"));
  const auto& spec = std::get<ServiceSpec>(resource.spec);
  EXPECT_EQ(spec.restart, Restart::kOnFailure);
  EXPECT_EQ(spec.stop_timeout, std::chrono::milliseconds(500));
  ASSERT_TRUE(spec.health.has_value());
  const Probe readiness{.http_get = HttpGet{"/r", 81},
                        .period = std::chrono::milliseconds(200),
                        .failure_threshold = 2};
  EXPECT_EQ(spec.health->readiness, readiness);
  EXPECT_EQ(spec.health->liveness->exec->command, (std::vector<std::string>{"/bin/check", "-q"}));
}

TEST(ManifestTest, ReadsARoute) {
  const Resource resource =
      ParseOne(RouteWith("{host: Api.Example.com, path: /a/, methods: [POST, GET],"
                         " backends: [{function: old, weight: 9}, {function: new}]}"));
  const auto& spec = std::get<RouteSpec>(resource.spec);
  EXPECT_EQ(spec.match, (HttpMatch{"api.example.com", "/a", {"GET", "POST"}}));
  EXPECT_THAT(spec.backends, ElementsAre(Backend{"old", 9}, Backend{"new", 1}));
}

TEST(ManifestTest, ARouteMatchesHeadersAndSplitsByOne) {
  const Resource resource = ParseOne(
      RouteWith("{path: /, headers: [{name: X-User, value: ann}, {name: x-env, value: a test}],"
                " split: {header: X-Session}, backends: [{function: f}]}"));
  const auto& spec = std::get<RouteSpec>(resource.spec);
  EXPECT_THAT(spec.match.headers,
              ElementsAre(HeaderMatch{"x-env", "a test"}, HeaderMatch{"x-user", "ann"}));
  EXPECT_EQ(spec.split->header, "x-session");
}

TEST(ManifestTest, ARouteMirrorsToAForm) {
  const Resource resource =
      ParseOne(RouteWith("{path: /, backends: [{function: f}],"
                         " mirror: {function: f, revision: 2, percent: 10}}"));
  EXPECT_EQ(std::get<RouteSpec>(resource.spec).mirror, (Mirror{"f", {.revision = 2}, 10}));
}

TEST(ManifestTest, ABackendNamesARevisionOrAClass) {
  const Resource resource = ParseOne(
      RouteWith("{path: /, backends: [{function: f, weight: 8}, {function: f, revision: 3},"
                " {function: f, class: container}]}"));
  EXPECT_THAT(std::get<RouteSpec>(resource.spec).backends,
              ElementsAre(Backend{"f", 8, {}}, Backend{"f", 1, {.revision = 3}},
                          Backend{"f", 1, {.sandbox_class = Class::kContainer}}));
}

TEST(ManifestTest, AcceptsAndDropsWhatKubectlPrints) {
  std::string text = FunctionWith("");
  text.replace(text.find("{name: f}"), 9,
               "{name: f, uid: x, creationTimestamp: null, resourceVersion: \"7\", generation: 2}");
  text += "status: {revision: 3}\n";
  EXPECT_EQ(ParseOne(text), ParseOne(FunctionWith("")));
}

TEST(ManifestTest, ReadsSeveralDocumentsAndSkipsEmptyOnes) {
  auto resources = ParseManifests("---\n" + FunctionWith("") + "---\n# nothing\n---\n" +
                                      RouteWith("{path: /a, backends: [{function: f}]}"),
                                  "f.yaml");
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_THAT(*resources, SizeIs(2));
}

TEST(ManifestTest, WhatNamesNoNamespaceIsInTheOneThatIsAskedFor) {
  for (const std::string& text : {FunctionWith(""), std::string(kIssueExample)}) {
    const auto read = ReadManifests(text, "f.yaml", "shop");
    ASSERT_THAT(read.resources, SizeIs(1));
    EXPECT_EQ(read.resources.front().metadata.tenant, "shop");
  }
}

TEST(ManifestTest, WhatNamesAnotherNamespaceThanTheOneThatIsAskedForIsAProblem) {
  const auto read = ReadManifests(kIssueExample, "f.yaml", "demo");
  EXPECT_THAT(read.resources, SizeIs(0));
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_EQ(read.problems.front().path, "metadata.namespace");
  EXPECT_EQ(read.problems.front().line, 3U);
  EXPECT_THAT(read.problems.front().message, HasSubstr("'shop' is another namespace than 'demo'"));
}

TEST(ManifestTest, ReadsJson) {
  auto yaml = ParseOne(kIssueExample);
  EXPECT_EQ(ParseOne(DumpJson(ResourceToJson(yaml))), yaml);
}

TEST(ManifestTest, WritesJsonAndYamlThatReadBackEqual) {
  const std::vector<std::string> texts = {
      kIssueExample,
      FunctionWith("env: {A: \"yes\", B: \"1.0\", C: \"\", D: \"a\\n\\tb: 'c'\", E: ü}"),
      ServiceWith("triggers: [{http: {path: \"/%2a%7e\"}}]"),
      ServiceWith(
          "restart: never\n  health: {readiness: {tcpSocket: {}}, liveness: {httpGet: {}}}"),
      ServiceWith("scale: {max: 7, keep_alive: 90s}"),
      ServiceWith("replicas: 2"),
      FunctionWith("grants: {dirs: [{guest: /tmp, mode: scratch}]}"),
      RouteWith("{path: /, backends: [{function: f, weight: 0}, {function: g}]}"),
      RouteWith("{path: /, backends: [{function: f, revision: 3}, {function: f, class: wasm}]}"),
      RouteWith("{path: /, headers: [{name: a, value: b}], split: {header: c},"
                " backends: [{function: f}], mirror: {function: g, class: wasm}}")};
  for (const std::string& text : texts) {
    const Resource resource = ParseOne(text);
    const auto from_json = ResourceFromJson(ResourceToJson(resource));
    ASSERT_TRUE(from_json) << from_json.error().message;
    EXPECT_EQ(*from_json, resource);
    EXPECT_EQ(ParseOne(ResourceToYaml(resource)), resource) << ResourceToYaml(resource);
  }
}

TEST(ManifestTest, WorkloadJsonReadsBackEqual) {
  const Resource resource = ParseOne(kIssueExample);
  const auto workload = WorkloadFromJson(WorkloadToJson(*resource.workload()));
  ASSERT_TRUE(workload) << workload.error().message;
  EXPECT_EQ(*workload, *resource.workload());
}

TEST(ManifestTest, NamesFileLineColumnPathAndTheNearestName) {
  EXPECT_EQ(ErrorOf(FunctionWith("limits: {memroy_mib: 64}")),
            "f.yaml:6:12: spec.limits: unknown field 'memroy_mib'; did you mean 'memory_mib'?");
}

TEST(ManifestTest, ReportsEveryProblemInTheOrderOfTheText) {
  const auto manifests = ReadManifests(
      FunctionWith("guest: wsm\n  limits: {memory_mib: 0, timeout: 3}\n  schedule: 1"), "f.yaml");
  EXPECT_TRUE(manifests.resources.empty());
  std::vector<std::string> places;
  for (const Diagnostic& problem : manifests.problems) {
    places.push_back(std::to_string(problem.line) + " " + problem.path);
  }
  EXPECT_THAT(places,
              ElementsAre("6 spec.guest", "7 spec.limits.memory_mib", "7 spec.limits", "8 spec"));
}

TEST(ManifestTest, KeepsTheGoodDocumentsBesideTheBad) {
  const auto manifests =
      ReadManifests(FunctionWith("") + "---\n" + RouteWith("{path: x, backends: []}"), "f.yaml");
  EXPECT_THAT(manifests.resources, SizeIs(1));
  EXPECT_THAT(manifests.problems, SizeIs(2));
}

TEST(ManifestTest, RefusesOneResourceTwiceInAFile) {
  EXPECT_EQ(ErrorOf(FunctionWith("") + "---\n" + FunctionWith("guest: http")),
            "f.yaml:7:1: Function default/f is declared twice");
}

TEST(ManifestTest, RefusesAnEmptyText) {
  for (const char* text : {"", "\n", "---\n", "# nothing\n", "--- ~\n"}) {
    EXPECT_EQ(ErrorOf(text), "f.yaml: holds no resource");
  }
}

TEST(ManifestTest, ApiJsonHasPathsWithoutPositions) {
  auto json = ParseJson(R"({"apiVersion": "strata.dev/v1alpha1", "kind": "Function",
      "metadata": {"name": "f"}, "spec": {"artifact": "./f.wasm", "limits": {"memory_mib": "64"}}})");
  const auto resource = ResourceFromJson(*json);
  ASSERT_FALSE(resource);
  EXPECT_EQ(resource.error().message,
            "spec.limits.memory_mib: expected a whole number of MiB, got the string '64'");
}

struct Bad {
  const char* name;
  std::string text;
  const char* expected;  // a part of the message
};

class BadManifestTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadManifestTest, IsRefusedWithAClearMessage) {
  const std::string error = ErrorOf(GetParam().text);
  EXPECT_THAT(error, HasSubstr(GetParam().expected));
  EXPECT_THAT(error, Not(HasSubstr("\x1b")));
}

INSTANTIATE_TEST_SUITE_P(
    Shape, BadManifestTest,
    ::testing::Values(
        Bad{"Scalar", "hello", "expected a map, got the string 'hello'"},
        Bad{"List", "- a\n- b\n", "expected a map, got a list"},
        Bad{"NoVersion", "kind: Function\nmetadata: {name: f}\nspec: {artifact: ./f}\n",
            "the field 'apiVersion' is missing"},
        Bad{"WrongVersion", "apiVersion: v1\nkind: Pod\n", "'v1' is not known"},
        Bad{"Kind", "apiVersion: strata.dev/v1alpha1\nkind: Functoin\n",
            "unknown value 'Functoin'; did you mean 'Function'?"},
        Bad{"NoSpec", "apiVersion: strata.dev/v1alpha1\nkind: Route\nmetadata: {name: r}\n",
            "the field 'spec' is missing"},
        Bad{"SpecIsText", RouteWith("hello"), "spec: expected a map, got the string 'hello'"},
        Bad{"Later", FunctionWith("schedule: daily"), "unknown field 'schedule'"},
        Bad{"DeviceIsText", FunctionWith("devices: [gpu]"), "spec.devices[0]: expected a map"},
        Bad{"DeviceUnknown", FunctionWith("devices: [{kind: tpu}]"),
            "spec.devices[0].kind: unknown value 'tpu'; did you mean 'gpu'?"},
        Bad{"DeviceNoKind", FunctionWith("devices: [{id: '10de:20b0'}]"),
            "the field 'kind' is missing"},
        Bad{"DeviceMore", FunctionWith("devices: [{kind: gpu, count: 2}]"),
            "spec.devices[0]: unknown field 'count'"},
        Bad{"DeviceAnyUsb", FunctionWith("devices: [{kind: usb}]"),
            "the field 'id' is missing: which device at the usb bus"},
        Bad{"DeviceId", FunctionWith("devices: [{kind: pci, id: '0000:00:1f.2'}]"),
            "is not vendor:product in lower-case hex"},
        Bad{"NoLoad", FunctionWith("slo: {qps: 0}"), "spec.slo.qps: is 0; must be a whole number"},
        Bad{"Always", FunctionWith("slo: {availability: 100}"),
            "spec.slo.availability: expected a percentage from 1 to 99.9999 with four decimals"},
        Bad{"AvailabilityAsAShare", FunctionWith("slo: {availability: 0.999}"),
            "got the number '0.999'"},
        Bad{"AvailabilityTooFine", FunctionWith("slo: {availability: 99.99999}"),
            "four decimals at most"},
        Bad{"AvailabilityAsText", FunctionWith("slo: {availability: '99.9'}"),
            "got the string '99.9'"},
        Bad{"Budget", FunctionWith("budget: {eur: 3}"), "spec.budget: unknown field 'eur'"},
        Bad{"BudgetFraction", FunctionWith("budget: {usd_cents: 0.5}"),
            "spec.budget.usd_cents: expected a whole number"},
        Bad{"DuplicateKey", FunctionWith("guest: auto\n  guest: http"),
            "f.yaml:7:3: duplicate key 'guest'"},
        Bad{"NumberKey", FunctionWith("env: {1: x}"), "a key must be a string; quote it: '1'"},
        Bad{"BooleanKey", FunctionWith("env: {on: x}"), "a key must be a string"},
        Bad{"ListKey", FunctionWith("? [a]\n  : b"), "a key must be a plain string"},
        Bad{"Tag", FunctionWith("guest: !!str auto"), "tags are not allowed"},
        Bad{"Syntax", FunctionWith("limits: {memory_mib: 64"), "f.yaml:"},
        Bad{"Escape", FunctionWith("guest: \"\\e[31m\""), "\\x1b[31m"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, BadManifestTest,
    ::testing::Values(
        Bad{"NumberForText", FunctionWith("env: {SIZE: 128}"), "got the number '128'; quote it"},
        Bad{"BooleanForText", FunctionWith("env: {A: yes}"), "got the boolean 'yes'; quote it"},
        Bad{"NullForText", FunctionWith("env: {A: ~}"), "expected a string, got nothing"},
        Bad{"TextForNumber", FunctionWith("limits: {concurrency: \"3\"}"),
            "expected a whole number, got the string '3'"},
        Bad{"BooleanForNumber", FunctionWith("limits: {concurrency: on}"), "got the boolean 'on'"},
        Bad{"Unit", FunctionWith("limits: {memory_mib: 64Mi}"), "write the number alone"},
        Bad{"Seconds", FunctionWith("limits: {timeout_ms: 5 s}"), "a whole number of ms"},
        Bad{"UnitMissingInName", FunctionWith("limits: {memory: 64}"),
            "did you mean 'memory_mib'?"},
        Bad{"Negative", FunctionWith("limits: {host_calls: -1}"), "expected a whole number"},
        Bad{"Fraction", FunctionWith("limits: {memory_mib: 1.5}"), "got the number '1.5'"},
        Bad{"Octal", FunctionWith("limits: {memory_mib: 064}"), "got the number '064'"},
        Bad{"Hex", FunctionWith("limits: {memory_mib: 0x40}"), "got the number '0x40'"},
        Bad{"TooLarge", FunctionWith("limits: {memory_mib: 4097}"),
            "must be a whole number of MiB from 1 to 4096"},
        Bad{"Overflow", FunctionWith("limits: {memory_mib: 99999999999999999999999}"),
            "expected a whole number of MiB"},
        Bad{"ListForMap", FunctionWith("limits: []"), "spec.limits: expected a map, got a list"},
        Bad{"MapForList", FunctionWith("triggers: {}"), "expected a list, got a map"},
        Bad{"Guest", FunctionWith("guest: wasm"), "expected one of: auto, http, command, module"},
        Bad{"NoArtifact", SpecOf("guest: auto"), "f.yaml:4:7: spec: one of 'artifact' and "},
        Bad{"NoVariants", SpecOf("variants: []"), "one of 'artifact' and 'variants' is missing"},
        Bad{"ArtifactAndVariants", FunctionWith("variants: [{artifact: ./g.wasm}]"),
            "f.yaml:6:13: spec.variants: 'artifact' stands for a single variant"},
        Bad{"TwoFiles", SpecOf("variants: [{artifact: ./f}, {artifact: ./g}]"),
            "f.yaml:4:36: spec.variants[1]: a second variant of kind 'wasm'"},
        Bad{"TwoImages",
            SpecOf("variants: [{artifact: 'docker-archive:f'}, {artifact: 'docker-archive:g'}]"),
            "spec.variants[1]: a second variant of kind 'image'"},
        Bad{"SameVariant", SpecOf("variants: [{artifact: 'oci:f'}, {artifact: 'oci:f'}]"),
            "spec.variants[1]: the same artifact twice"},
        Bad{"ThreeVariants", SpecOf("variants: [{artifact: a}, {artifact: b}, {artifact: c}]"),
            "spec.variants: has 3 items; at most 2 are allowed"},
        Bad{"VariantText", SpecOf("variants: [./f.wasm]"), "spec.variants[0]: expected a map"},
        Bad{"VariantField", SpecOf("variants: [{artefact: ./f}]"), "did you mean 'artifact'?"},
        Bad{"Within", FunctionWith("within: wasm"),
            "spec.within: nothing runs within 'wasm'; there is 'class: container' with 'within: "
            "microvm'"},
        Bad{"WithinTheUnknown", FunctionWith("within: microvn"), "nothing runs within 'microvn'"},
        Bad{"WithinItself", FunctionWith("class: microvm\n  within: microvm"),
            "class 'microvm' does not run within 'microvm'; there is 'class: container' with"},
        Bad{"WasmWithin", FunctionWith("class: wasm\n  within: microvm"),
            "class 'wasm' does not run within 'microvm'"},
        Bad{"APairIsNoClass", FunctionWith("class: container-in-microvm"),
            "expected one of: auto, wasm, container, appkernel, microvm"},
        Bad{"ScaleMin", ServiceWith("scale: {min: 3, max: 2}"),
            "spec.scale: 'min' is 3, but 'max' is 2"},
        Bad{"ScaleMax", ServiceWith("scale: {max: 1001}"), "spec.scale.max"},
        Bad{"ScaleNone", ServiceWith("scale: {max: 0}"), "spec.scale.max"},
        Bad{"ScaleConcurrency", ServiceWith("scale: {concurrency: 0}"), "spec.scale.concurrency"},
        Bad{"ScaleKeepAlive", ServiceWith("scale: {keep_alive: soon}"),
            "spec.scale.keep_alive: 'soon' is no time"},
        Bad{"ScaleKeepAliveNumber", ServiceWith("scale: {keep_alive: 5}"),
            "expected a time with its unit, got the number '5'; write 5s or 5m"},
        Bad{"ScaleField", ServiceWith("scale: {maximum: 3}"), "unknown field 'maximum'"},
        Bad{"ScaleAndReplicas", ServiceWith("replicas: 2\n  scale: {max: 3}"),
            "spec.scale: 'replicas' is a fixed number of sandboxes"},
        Bad{"ScaleAndRestart", ServiceWith("restart: never\n  scale: {max: 3}"),
            "spec.scale: sandboxes that come and go with the load are always started again"},
        Bad{"ScaleOfMany", SpecOf("artifact: 'oci:./f', scale: {max: 17}"), "from 0 to 16"},
        Bad{"ScaleOfNothing", SpecOf("artifact: 'oci:./f', scale: {min: 1, keep_alive: 0s}"),
            "spec.scale: 'min' is ready at all times, but a 'keep_alive' of 0s"},
        Bad{"ScaleOfCalls", SpecOf("artifact: 'oci:./f', scale: {concurrency: 5}"),
            "unknown field 'concurrency'"},
        Bad{"ScaleOfWasmWithNothingInIt", FunctionWith("scale: {}"),
            "'scale': a sandbox of class wasm is made in microseconds"},
        Bad{"ScaleOfWasm", FunctionWith("scale: {min: 1}"),
            "'scale': a sandbox of class wasm is made in microseconds"},
        Bad{"Level", FunctionWith("requires: {security: hihg}"), "did you mean 'high'?"},
        Bad{"Name", "apiVersion: strata.dev/v1alpha1\nkind: Route\nmetadata: {name: A_b}\n",
            "'A_b' is no DNS label"},
        Bad{"LabelKey", "metadata: {name: a, labels: {\"a b\": x}}\n", "is no label key"},
        Bad{"LabelValue", "metadata: {name: a, labels: {a: \"x y\"}}\n", "is no label value"},
        Bad{"EnvName", FunctionWith("env: {A-B: x}"), "is no environment variable name"},
        Bad{"EnvValue", FunctionWith("env: {A: \"a\\0b\"}"), "holds a control character"},
        Bad{"Artifact", FunctionWith("").replace(FunctionWith("").find("./f"), 3, "f"),
            "did you mean './f.wasm'?"},
        Bad{"HubImage",
            FunctionWith("").replace(FunctionWith("").find("./f.wasm"), 8, "nginx:1.29"),
            "did you mean the image 'oci://docker.io/library/nginx:1.29'?"},
        Bad{"Image",
            FunctionWith("").replace(FunctionWith("").find("./f.wasm"), 8, "ghcr.io/a/web"),
            "did you mean the image 'oci://ghcr.io/a/web', or the file './ghcr.io/a/web'?"},
        Bad{"Registry", FunctionWith("").replace(FunctionWith("").find("./f"), 3, "oci:///f"),
            "no image in a registry"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Rules, BadManifestTest,
    ::testing::Values(
        Bad{"Host", FunctionWith("triggers: [{http: {host: \"*.a.com\", path: /}}]"),
            "no partial wildcards"},
        Bad{"HostPort", FunctionWith("triggers: [{http: {host: \"a:80\", path: /}}]"),
            "takes no port"},
        Bad{"Traversal", FunctionWith("triggers: [{http: {path: /a/../b}}]"), "holds '..'"},
        Bad{"EscapedTraversal", FunctionWith("triggers: [{http: {path: \"/a/%2e%2e/b\"}}]"),
            "holds '..'"},
        Bad{"DoubleSlash", FunctionWith("triggers: [{http: {path: //a}}]"), "holds '//'"},
        Bad{"RelativePath", FunctionWith("triggers: [{http: {path: a}}]"), "must begin with '/'"},
        Bad{"NoPath", FunctionWith("triggers: [{http: {host: a.com}}]"),
            "spec.triggers[0].http: the field 'path' is missing"},
        Bad{"Method", FunctionWith("triggers: [{http: {path: /, methods: [get]}}]"),
            "spec.triggers[0].http.methods[0]: 'get' is no HTTP method"},
        Bad{"MethodTwice", FunctionWith("triggers: [{http: {path: /, methods: [GET, GET]}}]"),
            "listed twice"},
        Bad{"SameTriggers", FunctionWith("triggers: [{http: {path: /}}, {http: {path: /}}]"),
            "triggers 0 and 1"},
        Bad{"TriggerKind", FunctionWith("triggers: [{htp: {path: /}}]"),
            "unknown field 'htp'; did you mean 'http'?"},
        Bad{"GrantUrl", FunctionWith("grants: {http: [\"https://a.com\"]}"), "is a URL"},
        Bad{"GrantPort", FunctionWith("grants: {http: [a.com]}"), "has no port"},
        Bad{"GrantZero", FunctionWith("grants: {http: [\"a.com:0\"]}"), "no valid port"},
        Bad{"GrantWildcard", FunctionWith("grants: {http: [\"*.a.com:443\"]}"), "no wildcard"},
        Bad{"GrantTwice", FunctionWith("grants: {http: [\"a.com:1\", \"A.com:1\"]}"),
            "granted twice"},
        Bad{"DirMode", FunctionWith("grants: {dirs: [{host: ., guest: /a, mode: rw}]}"),
            "unknown value 'rw'"},
        Bad{"DirHost", FunctionWith("grants: {dirs: [{guest: /a}]}"), "'host' is missing"},
        Bad{"ScratchHost", FunctionWith("grants: {dirs: [{host: ., guest: /a, mode: scratch}]}"),
            "has no 'host'"},
        Bad{"DirTraversal", FunctionWith("grants: {dirs: [{host: ., guest: /a/../b}]}"),
            "holds '..'"},
        Bad{"DirRoot", FunctionWith("grants: {dirs: [{host: ., guest: /}]}"), "guest's root"},
        Bad{"DirTwice",
            FunctionWith("grants: {dirs: [{host: ., guest: /a}, {host: x, guest: /a}]}"),
            "two directories at '/a'"},
        Bad{"NoBackends", RouteWith("{path: /}"), "needs at least one backend"},
        Bad{"NoWeight", RouteWith("{path: /, backends: [{function: f, weight: 0}]}"),
            "all weights are 0"},
        Bad{"HeaderTwice",
            RouteWith("{path: /, headers: [{name: A, value: b}, {name: a, value: c}],"
                      " backends: [{function: f}]}"),
            "the header 'a' is listed twice"},
        Bad{"HeaderOfTheConnection",
            RouteWith("{path: /, headers: [{name: Host, value: b}], backends: [{function: f}]}"),
            "about the connection"},
        Bad{"MirrorOfNothing",
            RouteWith("{path: /, backends: [{function: f}], mirror: {function: f, percent: 0}}"),
            "1"},
        Bad{"HeaderName",
            RouteWith("{path: /, split: {header: \"a b\"}, backends: [{function: f}]}"),
            "no header's name"},
        Bad{"HeaderValue",
            RouteWith("{path: /, headers: [{name: a, value: \"\"}], backends: [{function: f}]}"),
            "no header's value"},
        Bad{"TwoTargets",
            RouteWith("{path: /, backends: [{function: f, revision: 1, class: wasm}]}"),
            "names a revision and a class"},
        Bad{"RevisionZero", RouteWith("{path: /, backends: [{function: f, revision: 0}]}"), "1"},
        Bad{"BackendTwice", RouteWith("{path: /, backends: [{function: f}, {function: f}]}"),
            "'f' is a backend twice"},
        Bad{"ServiceGuest", ServiceWith("guest: command"), "a Service's guest is 'http'"},
        Bad{"ProbeWithoutWay", ServiceWith("health: {readiness: {}}"), "exactly one of"},
        Bad{"ProbeOfTwoWays", ServiceWith("health: {readiness: {tcpSocket: {}, httpGet: {}}}"),
            "exactly one of"},
        Bad{"HealthOfNothing", ServiceWith("health: {}"), "at least one of 'readiness'"},
        Bad{"LivenessTwice",
            ServiceWith("health: {liveness: {tcpSocket: {}, successThreshold: 2}}"), "must be 1"},
        Bad{"ProbeUnit", ServiceWith("health: {readiness: {tcpSocket: {}, period_s: 1}}"),
            "period_ms"},
        Bad{"PriorityName", FunctionWith("priority: urgent"), "high"},
        Bad{"RestartName", ServiceWith("restart: sometimes"), "on-failure"},
        Bad{"ServicePort", ServiceWith("port: 65536"), "from 1 to 65535"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace strata::model
