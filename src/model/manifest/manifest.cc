#include "model/manifest/manifest.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "model/manifest/yaml_writer.h"
#include "model/schema/fields.h"
#include "model/schema/yaml.h"

namespace strata::model {
namespace {

using schema::Cursor;
using schema::Member;

// `status` is the server's word, which `strata get -o yaml` prints: accepted and dropped, like
// metadata's read-only fields.
constexpr std::array<std::string_view, 5> kRootNames = {"apiVersion", "kind", "metadata", "spec",
                                                        "status"};

std::optional<Cursor> Required(const Cursor& root, std::string_view name) {
  if (const Member* member = root.Find(name)) return root.At(*member);
  root.Fail("the field '" + std::string(name) + "' is missing");
  return std::nullopt;
}

void ReadApiVersion(const Cursor& root) {
  const auto at = Required(root, "apiVersion");
  if (!at) return;
  const std::string* version = at->Text();
  if (version != nullptr && *version != kApiVersion) {
    at->Fail("'" + *version + "' is not known; this version reads '" + std::string(kApiVersion) +
             "'");
  }
}

std::optional<Kind> ReadKind(const Cursor& root) {
  const auto at = Required(root, "kind");
  if (!at) return std::nullopt;
  const std::array<std::string_view, 3> names = {KindName(Kind::kFunction),
                                                 KindName(Kind::kService), KindName(Kind::kRoute)};
  const auto index = at->Choice(names);
  return index ? std::optional(static_cast<Kind>(*index)) : std::nullopt;
}

void ReadSpec(const Cursor& at, Kind kind, Resource& resource) {
  switch (kind) {
    case Kind::kFunction:
      return schema::kFunction.Read(at, resource.spec.emplace<FunctionSpec>());
    case Kind::kService:
      return schema::kService.Read(at, resource.spec.emplace<ServiceSpec>());
    case Kind::kRoute:
      return schema::kRoute.Read(at, resource.spec.emplace<RouteSpec>());
  }
}

void ReadMetadata(const Cursor& at, const std::string& tenant, ObjectMeta& metadata) {
  if (!tenant.empty()) metadata.tenant = tenant;
  schema::kMetadata.Read(at, metadata);
  if (tenant.empty() || metadata.tenant == tenant) return;
  at.At(*at.Find("namespace"))
      .Fail("'" + metadata.tenant + "' is another namespace than '" + tenant +
            "', which the command or request says: one of them has to go");
}

// Reads what can be read; the resource is good if no problem was added.
Resource ReadResource(const Cursor& root, const std::string& tenant) {
  Resource resource;
  if (root.Map() == nullptr) return resource;
  root.RefuseUnknown(kRootNames);
  ReadApiVersion(root);
  if (const auto at = Required(root, "metadata")) ReadMetadata(*at, tenant, resource.metadata);
  const auto kind = ReadKind(root);  // without it, nothing can be said about the spec
  const auto at = Required(root, "spec");
  if (at && kind) ReadSpec(*at, *kind, resource);
  return resource;
}

Json SpecToJson(const Resource& resource) {
  switch (resource.kind()) {
    case Kind::kFunction:
      return schema::kFunction.Write(std::get<FunctionSpec>(resource.spec));
    case Kind::kService:
      return schema::kService.Write(std::get<ServiceSpec>(resource.spec));
    case Kind::kRoute:
      return schema::kRoute.Write(std::get<RouteSpec>(resource.spec));
  }
  return Json();
}

template <typename T>
Result<T> PartFromJson(const auto& codec, const Json& value) {
  Problems problems{""};
  const schema::Node node = schema::NodeOfJson(value);
  T part;
  codec.Read(Cursor(node, problems), part);
  if (problems.size() > 0) return std::unexpected(ToError(problems.Take()));
  return part;
}

}  // namespace

Manifests ReadManifests(std::string_view text, std::string_view file_name,
                        const std::string& tenant) {
  Manifests manifests;
  Problems problems{std::string(file_name)};
  std::set<ResourceKey> seen;
  for (const schema::Document& document : schema::ReadYaml(text, problems)) {
    const std::size_t before = problems.size();
    const Cursor root(document.root, problems);
    Resource resource = ReadResource(root, tenant);
    if (problems.size() != before || problems.full() || !document.sound) continue;
    if (!seen.insert(resource.key()).second) {
      root.Fail(resource.key().ToString() + " is declared twice");
      continue;
    }
    manifests.resources.push_back(std::move(resource));
  }
  manifests.problems = problems.Take();
  std::sort(manifests.problems.begin(), manifests.problems.end(),
            [](const Diagnostic& a, const Diagnostic& b) {
              return std::tie(a.line, a.column, a.path, a.message) <
                     std::tie(b.line, b.column, b.path, b.message);
            });
  if (manifests.resources.empty() && manifests.problems.empty()) {
    manifests.problems.push_back({std::string(file_name), 0, 0, "", "holds no resource"});
  }
  return manifests;
}

Result<std::vector<Resource>> ParseManifests(std::string_view text, std::string_view file_name) {
  Manifests manifests = ReadManifests(text, file_name);
  if (!manifests.problems.empty()) return std::unexpected(ToError(manifests.problems));
  return std::move(manifests.resources);
}

Result<Resource> ResourceFromJson(const Json& value) {
  Problems problems{""};
  const schema::Node node = schema::NodeOfJson(value);
  Resource resource = ReadResource(Cursor(node, problems), {});
  if (problems.size() > 0) return std::unexpected(ToError(problems.Take()));
  return resource;
}

Json ResourceToJson(const Resource& resource) {
  return Json{{"apiVersion", kApiVersion},
              {"kind", KindName(resource.kind())},
              {"metadata", schema::kMetadata.Write(resource.metadata)},
              {"spec", SpecToJson(resource)}};
}

std::string ResourceToYaml(const Resource& resource) { return ToYaml(ResourceToJson(resource)); }

Json WorkloadToJson(const Workload& workload) { return schema::kWorkload.Write(workload); }

Result<Workload> WorkloadFromJson(const Json& value) {
  return PartFromJson<Workload>(schema::kWorkload, value);
}

Json LimitsToJson(const Limits& limits) { return schema::kLimits.Write(limits); }

Result<Limits> LimitsFromJson(const Json& value) {
  return PartFromJson<Limits>(schema::kLimits, value);
}

Result<Requires> RequiresFromJson(const Json& value) {
  return PartFromJson<Requires>(schema::kRequires, value);
}

}  // namespace strata::model
