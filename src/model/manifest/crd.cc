#include "model/manifest/crd.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/text/json.h"
#include "base/text/strings.h"
#include "model/manifest/yaml_writer.h"
#include "model/resource.h"
#include "model/schema/describe.h"
#include "model/schema/fields.h"
#include "model/schema/meanings.h"

namespace strata::model {
namespace {

constexpr std::array kKinds = {Kind::kFunction, Kind::kService, Kind::kRoute};

Json SpecSchema(Kind kind) {
  switch (kind) {
    case Kind::kFunction:
      return schema::Describe(schema::kFunction);
    case Kind::kService:
      return schema::Describe(schema::kService);
    case Kind::kRoute:
      return schema::Describe(schema::kRoute);
  }
  return {};
}

// Whose fields `part` has among its own.
std::string_view InlineIn(std::string_view part) {
  return part == schema::kRoutePart ? schema::kMatchPart : schema::kWorkloadPart;
}

// The part that has the fields of what lies at `path`; empty: the one that has `path`.
std::string_view PartAt(std::string_view path) {
  if (path == "triggers[].http") return schema::kMatchPart;
  if (path == "health.readiness" || path == "health.liveness") return schema::kProbePart;
  return "";
}

// Has `kubectl explain` say what each field of `object` means, which lies at `at` in `part`.
void Explain(Json& object, std::string_view part, const std::string& at) {
  for (auto& [name, field] : object["properties"].items()) {
    const std::string path = at + name;
    const schema::Meaning* found = schema::FindMeaning(part, path);
    const schema::Meaning& meaning =
        found == nullptr ? schema::MeaningOf(InlineIn(part), path) : *found;
    field["description"] = meaning.text;
    const bool list = field["type"] == "array";
    Json& inner = list ? field["items"] : field;
    if (!inner.contains("properties")) continue;
    const std::string_view own = PartAt(path);
    Explain(inner, own.empty() ? meaning.part : own,
            own.empty() ? path + (list ? "[]." : ".") : "");
  }
}

// The operator's word; `placement` as PlacementToJson has it. Fields that are not here are kept:
// `strata get` prints others.
Json StatusSchema() {
  const Json text = {{"type", "string"}};
  Json condition = {{"type", "object"},
                    {"required", {"type", "status", "lastTransitionTime", "reason", "message"}},
                    {"properties",
                     {{"type", text},
                      {"status", {{"type", "string"}, {"enum", {"True", "False", "Unknown"}}}},
                      {"reason", text},
                      {"message", text},
                      {"observedGeneration", {{"type", "integer"}, {"format", "int64"}}},
                      {"lastTransitionTime", {{"type", "string"}, {"format", "date-time"}}}}}};
  return {{"type", "object"},
          {"x-kubernetes-preserve-unknown-fields", true},
          {"properties",
           {{"observedGeneration", {{"type", "integer"}, {"format", "int64"}}},
            {"replicas", {{"type", "integer"}, {"format", "int32"}}},
            {"selector", text},
            {"placement", {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}},
            {"conditions",
             {{"type", "array"},
              {"items", std::move(condition)},
              {"x-kubernetes-list-type", "map"},
              {"x-kubernetes-list-map-keys", Json::array({"type"})}}}}}};
}

Json Column(std::string_view name, std::string_view type, std::string_view path) {
  return {{"name", name}, {"type", type}, {"jsonPath", path}};
}

// What `kubectl get` shows of it.
Json Columns(Kind kind) {
  Json columns = Json::array();
  if (kind == Kind::kRoute) {
    columns.push_back(Column("Host", "string", ".spec.host"));
    columns.push_back(Column("Path", "string", ".spec.path"));
  } else {
    columns.push_back(Column("Artifact", "string", ".spec.artifact"));
    columns.push_back(Column("Class", "string", ".status.placement.class"));
  }
  columns.push_back(Column("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"));
  columns.push_back(Column("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason"));
  columns.push_back(Column("Age", "date", ".metadata.creationTimestamp"));
  return columns;
}

// `kubectl scale`, and whoever scales by it, change a Service's replicas.
Json Subresources(Kind kind) {
  Json made = {{"status", Json::object()}};
  if (kind == Kind::kService) {
    made["scale"] = {{"specReplicasPath", ".spec.replicas"},
                     {"statusReplicasPath", ".status.replicas"},
                     {"labelSelectorPath", ".status.selector"}};
  }
  return made;
}

Json Schema(Kind kind) {
  const Json name = schema::FormOf(DnsLabelProblem);
  Json spec = SpecSchema(kind);
  Explain(spec, KindName(kind), "");
  return {{"type", "object"},
          {"required", Json::array({"spec"})},
          {"properties",
           {{"apiVersion", {{"type", "string"}}},
            {"kind", {{"type", "string"}}},
            {"metadata", {{"type", "object"}, {"properties", {{"name", name}}}}},
            {"spec", std::move(spec)},
            {"status", StatusSchema()}}}};
}

}  // namespace

std::string PluralName(Kind kind) { return Lower(KindName(kind)) + "s"; }

Json CustomResourceDefinition(Kind kind) {
  const std::size_t slash = kApiVersion.find('/');
  const std::string group(kApiVersion.substr(0, slash));
  const std::string plural = PluralName(kind);
  Json version = {{"name", kApiVersion.substr(slash + 1)},
                  {"served", true},
                  {"storage", true},
                  {"subresources", Subresources(kind)},
                  {"additionalPrinterColumns", Columns(kind)},
                  {"schema", {{"openAPIV3Schema", Schema(kind)}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", plural + "." + group}}},
          {"spec",
           {{"group", group},
            {"scope", "Namespaced"},
            {"names",
             {{"kind", KindName(kind)},
              {"listKind", std::string(KindName(kind)) + "List"},
              {"plural", plural},
              {"singular", Lower(KindName(kind))},
              {"categories", Json::array({"strata"})}}},
            {"versions", Json::array({std::move(version)})}}}};
}

std::string CustomResourceDefinitions() {
  std::string text = "# Strata's kinds, as `strata crds` prints them. Not to be changed by hand.\n";
  for (const Kind kind : kKinds) text += "---\n" + ToYaml(CustomResourceDefinition(kind));
  return text;
}

}  // namespace strata::model
