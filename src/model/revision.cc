#include "model/revision.h"

#include <map>
#include <utility>

#include "base/sha256.h"
#include "model/manifest/manifest.h"

namespace strata::model {
namespace {

// The leaves of a resource by path. Empty collections are not in the canonical form.
void CollectLeaves(const Json& value, const std::string& path, std::map<std::string, Json>& to) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      CollectLeaves(member, path.empty() ? name : path + "." + name, to);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      CollectLeaves(value[i], path + "[" + std::to_string(i) + "]", to);
    }
  } else {
    to[path] = value;
  }
}

std::map<std::string, Json> LeavesOf(const Resource& resource) {
  std::map<std::string, Json> leaves;
  CollectLeaves(ResourceToJson(resource), "", leaves);
  return leaves;
}

}  // namespace

std::string Revision::ToString() const {
  return tenant + "/" + name + "@" + std::to_string(number);
}

Json VariantsToJson(const std::vector<ResolvedVariant>& variants) {
  Json list = Json::array();
  for (const ResolvedVariant& variant : variants) {
    list.push_back({{"kind", VariantKindName(variant.kind)}, {"digest", variant.digest}});
  }
  return list;
}

Result<std::vector<ResolvedVariant>> VariantsFromJson(const Json& json) {
  std::vector<ResolvedVariant> variants;
  try {
    for (const Json& each : json) {
      const auto name = each.at("kind").get<std::string>();
      const auto kind = VariantKindFromName(name);
      if (!kind) return Fail(Errc::kInvalidArgument, "no kind of variant is called '" + name + "'");
      variants.push_back({*kind, each.at("digest").get<std::string>()});
    }
  } catch (const Json::exception& wrong) {
    return Fail(Errc::kInvalidArgument, std::string("not a list of variants: ") + wrong.what());
  }
  return variants;
}

std::string WorkloadHash(const Workload& workload) {
  return Sha256Hex(DumpJson(WorkloadToJson(workload)));
}

std::vector<FieldChange> Diff(const Resource* before, const Resource& after) {
  const auto old_leaves = before != nullptr ? LeavesOf(*before) : std::map<std::string, Json>();
  const auto new_leaves = LeavesOf(after);
  std::map<std::string, FieldChange> changes;
  for (const auto& [path, value] : old_leaves) {
    if (!new_leaves.contains(path)) {
      changes[path] = {FieldChange::Type::kRemoved, path, value, Json()};
    }
  }
  for (const auto& [path, value] : new_leaves) {
    const auto old = old_leaves.find(path);
    if (old == old_leaves.end()) {
      changes[path] = {FieldChange::Type::kAdded, path, Json(), value};
    } else if (old->second != value) {
      changes[path] = {FieldChange::Type::kChanged, path, old->second, value};
    }
  }
  std::vector<FieldChange> sorted;
  for (auto& [path, change] : changes) sorted.push_back(std::move(change));
  return sorted;
}

}  // namespace strata::model
