#include "advisor/compare/claims.h"

#include <sstream>

#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

struct Reference {
  std::string part;
  std::string first;
  std::string second;
};

Reference Split(std::string_view text) {
  std::istringstream words{std::string(text)};
  Reference reference;
  words >> reference.part >> reference.first >> reference.second;
  return reference;
}

std::string ConceptOf(model::Class sandbox_class) {
  const auto subject = FindSubject(model::ClassName(sandbox_class));
  STRATA_CHECK(subject.has_value());
  return subject->concept_id;
}

std::optional<Claim> Cell(const Json& row, const std::string& key, std::string source) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return std::nullopt;
  return Claim{*found, std::move(source)};
}

std::optional<Claim> InMatrix(const Reference& reference, model::Class sandbox_class) {
  const Json* matrix = FindFact(Facts(FactFile::kMatrices).at("matrices"), reference.first);
  STRATA_CHECK(matrix != nullptr);
  return Cell(matrix->at("rows").at(ConceptOf(sandbox_class)), reference.second,
              matrix->at("source").get<std::string>() + " (matrices.yaml)");
}

std::optional<Claim> OfTier(const Reference& reference, model::Class sandbox_class) {
  const Json& tiers = Facts(FactFile::kMatrices).at("tier_overheads");
  for (const Json& mapping : Facts(FactFile::kConcepts).at("tier_mapping")) {
    if (mapping.at("concept") != ConceptOf(sandbox_class)) continue;
    const Json* row = FindFact(tiers.at("rows"), mapping.at("tier").get<std::string>());
    if (row == nullptr) return std::nullopt;
    return Cell(*row, reference.first, tiers.at("source").get<std::string>() + " (matrices.yaml)");
  }
  return std::nullopt;
}

// What the document calls by a product's name.
std::optional<Claim> OfTechnology(const Reference& reference, model::Class sandbox_class) {
  const bool wasm = sandbox_class == model::Class::kWasm;
  if (!wasm && sandbox_class != model::Class::kContainer) return std::nullopt;
  const Json& rows = Facts(FactFile::kVersions).at("technology_performance");
  const Json* row = FindFact(rows, wasm ? "wasmedge" : "docker");
  STRATA_CHECK(row != nullptr);
  return Cell(*row, reference.first,
              "003 §00.7.2 (versions.yaml), " + row->at("label").get<std::string>());
}

std::optional<Claim> Target(const Reference& reference) {
  const Json& quick = Facts(FactFile::kDecisions).at("quick_reference");
  const Json* row = FindFact(quick.at("rows"), reference.first);
  STRATA_CHECK(row != nullptr);
  Json cell = row->at("target");
  if (cell.at("op") == "<") {
    cell["max_exclusive"] = cell.at("value");
    cell.erase("value");
  }
  return Claim{std::move(cell), quick.at("source").get<std::string>() + " (decisions.yaml)"};
}

}  // namespace

std::optional<Claim> FindClaim(std::string_view reference,
                               std::optional<model::Class> sandbox_class) {
  const Reference split = Split(reference);
  if (split.part == "quick_reference") return Target(split);
  if (!sandbox_class) return std::nullopt;
  if (split.part == "matrices") return InMatrix(split, *sandbox_class);
  if (split.part == "tier_overheads") return OfTier(split, *sandbox_class);
  STRATA_CHECK(split.part == "technology_performance");
  return OfTechnology(split, *sandbox_class);
}

}  // namespace strata::advisor
