#include "store/rows.h"

#include <chrono>
#include <sstream>
#include <utility>

#include "base/text/json.h"
#include "model/manifest/manifest.h"

namespace strata::store {
namespace {

std::unexpected<Error> Unreadable(const std::string& what, const Error& error) {
  return Fail(Errc::kFailedPrecondition,
              "the state database holds " + what + " that cannot be read: " + error.message);
}

Result<model::Workload> WorkloadOfText(const std::string& text) {
  auto json = ParseJson(text);
  if (!json) return std::unexpected(std::move(json).error());
  return model::WorkloadFromJson(*json);
}

}  // namespace

Result<StoredResource> ResourceOfRow(const Query& row, int first) {
  auto json = ParseJson(row.Text(first));
  if (!json) return Unreadable("a resource", json.error());
  auto resource = model::ResourceFromJson(*json);
  if (!resource) return Unreadable("a resource", resource.error());
  StoredResource stored;
  stored.resource = *std::move(resource);
  stored.resource_version = row.Unsigned(first + 1);
  stored.generation = row.Unsigned(first + 2);
  stored.revision = row.Unsigned(first + 3);
  stored.uid = row.Text(first + 4);
  stored.created = TimeOf(row.Int(first + 5));
  stored.updated = TimeOf(row.Int(first + 6));
  return stored;
}

Result<model::Revision> RevisionOfRow(const Query& row) {
  const auto kind = model::KindFromName(row.Text(3));
  auto workload = WorkloadOfText(row.Text(6));
  if (!workload) return Unreadable("a revision", workload.error());
  if (!kind) return Unreadable("a revision", {Errc::kInternal, "no kind '" + row.Text(3) + "'"});
  model::Revision revision;
  revision.tenant = row.Text(0);
  revision.name = row.Text(1);
  revision.number = row.Unsigned(2);
  revision.kind = *kind;
  revision.spec_hash = row.Text(4);
  revision.artifact_digest = row.Text(5);
  revision.workload = *std::move(workload);
  revision.created = TimeOf(row.Int(7));
  if (const std::string text = row.Text(8); !text.empty()) {
    auto json = ParseJson(text);
    auto placement = json ? model::PlacementFromJson(*json) : std::unexpected(json.error());
    if (!placement) return Unreadable("a placement", placement.error());
    revision.placement = *std::move(placement);
  }
  if (const std::string text = row.Text(9); !text.empty()) {
    auto json = ParseJson(text);
    auto variants = json ? model::VariantsFromJson(*json) : std::unexpected(json.error());
    if (!variants) return Unreadable("a revision's variants", variants.error());
    revision.variants = *std::move(variants);
  }
  return revision;
}

Result<SandboxRecord> SandboxOfRow(const Query& row) {
  auto workload = WorkloadOfText(row.Text(5));
  if (!workload) return Unreadable("a sandbox", workload.error());
  SandboxRecord record;
  record.id = row.Text(0);
  record.tenant = row.Text(1);
  record.function = row.Text(2);
  record.revision = row.Unsigned(3);
  record.artifact_digest = row.Text(4);
  record.workload = *std::move(workload);
  record.created = TimeOf(row.Int(6));
  return record;
}

Result<VolumeRecord> VolumeOfRow(const Query& row) {
  VolumeRecord record;
  record.tenant = row.Text(0);
  record.name = row.Text(1);
  record.size = Bytes{row.Unsigned(2)};
  record.retain = row.Int(3) != 0;
  record.created = TimeOf(row.Int(4));
  return record;
}

Result<model::Rollout> RolloutOfRow(const Query& row) {
  auto json = ParseJson(row.Text(2));
  auto rollout = json ? model::RolloutFromJson(*json) : std::unexpected(json.error());
  if (!rollout) return Unreadable("a rollout", rollout.error());
  rollout->tenant = row.Text(0);
  rollout->name = row.Text(1);
  return rollout;
}

std::string BodyOf(const model::Resource& resource) {
  return DumpJson(model::ResourceToJson(resource));
}

std::string BodyOf(const model::Workload& workload) {
  return DumpJson(model::WorkloadToJson(workload));
}

std::int64_t Nanoseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

WallTime TimeOf(std::int64_t nanoseconds) {
  return WallTime(std::chrono::nanoseconds(nanoseconds));
}

std::string JoinMethods(const std::vector<std::string>& methods) {
  std::string text;
  for (const std::string& method : methods) text += (text.empty() ? "" : " ") + method;
  return text;
}

std::vector<std::string> SplitMethods(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> methods;
  for (std::string word; words >> word;) methods.push_back(std::move(word));
  return methods;
}

std::string HeadersColumn(const std::vector<model::HeaderMatch>& headers) {
  if (headers.empty()) return "";
  Json list = Json::array();
  for (const model::HeaderMatch& each : headers) list.push_back({each.name, each.value});
  return DumpJson(list);
}

Result<std::vector<model::HeaderMatch>> HeadersOf(const std::string& column) {
  std::vector<model::HeaderMatch> headers;
  if (column.empty()) return headers;
  const auto json = ParseJson(column);
  if (!json) return Unreadable("a route", json.error());
  try {
    for (const Json& each : *json) {
      headers.push_back({each.at(0).get<std::string>(), each.at(1).get<std::string>()});
    }
  } catch (const Json::exception& wrong) {
    return Unreadable("a route", {Errc::kInvalidArgument, wrong.what()});
  }
  return headers;
}

}  // namespace strata::store
