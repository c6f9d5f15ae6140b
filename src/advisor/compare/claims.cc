#include "advisor/compare/claims.h"

#include <cstdio>
#include <sstream>
#include <utility>

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

std::optional<Claim> Cell(const Json& row, const std::string& key, std::string source) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return std::nullopt;
  return Claim{*found, std::move(source)};
}

std::optional<Claim> InMatrix(const Reference& reference, model::Class sandbox_class) {
  const Json* matrix = FindFact(Facts(FactFile::kMatrices).at("matrices"), reference.first);
  STRATA_CHECK(matrix != nullptr);
  return Cell(matrix->at("rows").at(ConceptOfClass(sandbox_class)), reference.second,
              matrix->at("source").get<std::string>() + " (matrices.yaml)");
}

// The tier of the documents that a class belongs to.
std::string TierOf(model::Class sandbox_class) {
  const std::string of = ConceptOfClass(sandbox_class);
  for (const Json& mapping : Facts(FactFile::kConcepts).at("tier_mapping")) {
    if (mapping.at("concept") == of) return mapping.at("tier");
  }
  return "";
}

std::optional<Claim> InOverheads(const Reference& reference, model::Class sandbox_class) {
  const Json& tiers = Facts(FactFile::kMatrices).at("tier_overheads");
  const Json* row = FindFact(tiers.at("rows"), TierOf(sandbox_class));
  if (row == nullptr) return std::nullopt;
  return Cell(*row, reference.first, tiers.at("source").get<std::string>() + " (matrices.yaml)");
}

std::optional<Claim> InComparison(const Reference& reference, model::Class sandbox_class) {
  const Json& tiers = Facts(FactFile::kMatrices).at("tier_comparison");
  const Json* row = FindFact(tiers.at("rows"), reference.first);
  STRATA_CHECK(row != nullptr);
  return Cell(row->at("cells"), TierOf(sandbox_class),
              tiers.at("source").get<std::string>() + " (matrices.yaml)");
}

// What the documents call by a product's name.
std::optional<Claim> OfTechnology(const Reference& reference, model::Class sandbox_class) {
  const std::string_view technology = TechnologyOf(sandbox_class);
  if (technology.empty()) return std::nullopt;
  const Json* row = FindFact(Facts(FactFile::kVersions).at(reference.part), technology);
  STRATA_CHECK(row != nullptr);
  const bool attributes = reference.part == "technology_attributes";
  auto claim = Cell(*row, reference.first,
                    std::string(attributes ? "003 §00.4.1" : "003 §00.7.2") + " (versions.yaml), " +
                        row->at("label").get<std::string>());
  // How large a cluster may be is no figure of a sandbox; pods on a node are.
  if (claim && !claim->cell.contains("unit")) return std::nullopt;
  return claim;
}

// "cold start < 1 ms", which the documents have as a sentence.
std::optional<Claim> OfVersion(model::Class sandbox_class) {
  if (sandbox_class != model::Class::kWasm) return std::nullopt;
  const Json* row = FindFact(Facts(FactFile::kVersions).at("versions"), "WasmEdge", "tech");
  STRATA_CHECK(row != nullptr);
  double below = 0;
  const std::string& features = row->at("features").get_ref<const std::string&>();
  STRATA_CHECK(std::sscanf(features.c_str(), "cold start < %lf ms", &below) == 1);
  return Claim{{{"max_exclusive", below}, {"unit", "ms"}},
               "004 §1.2 (versions.yaml), WasmEdge " + row->at("new").get<std::string>()};
}

std::optional<Claim> OfKuasar(const Reference& reference, model::Class sandbox_class) {
  if (sandbox_class != model::Class::kWasm) return std::nullopt;
  const Json& kuasar = Facts(FactFile::kMatrices).at("kuasar_figures");
  const Json* figure = FindFact(kuasar.at("figures"), reference.first);
  STRATA_CHECK(figure != nullptr);
  return Claim{*figure, kuasar.at("source").get<std::string>() + " (matrices.yaml), Kuasar"};
}

Claim Target(const Reference& reference) {
  const Json& quick = Facts(FactFile::kDecisions).at("quick_reference");
  const Json* row = FindFact(quick.at("rows"), reference.first);
  STRATA_CHECK(row != nullptr);
  Json cell = row->at("target");
  if (cell.at("op") == "<") {
    cell["max_exclusive"] = cell.at("value");
    cell.erase("value");
  }
  return {std::move(cell), quick.at("source").get<std::string>() + " (decisions.yaml)"};
}

// Those of stacks with WasmEdge.
std::optional<Claim> StackTarget(const Reference& reference, model::Class sandbox_class) {
  if (sandbox_class != model::Class::kWasm) return std::nullopt;
  Claim claim = Target(reference);
  claim.source += ", " + reference.first;
  return claim;
}

Claim OfModel(const Reference& reference) {
  const Json* fact = FindFact(Facts(FactFile::kModels).at("models"), reference.first);
  STRATA_CHECK(fact != nullptr);
  return {fact->at("parameters").at(reference.second),
          fact->at("source").get<std::string>() + " (models.yaml)"};
}

}  // namespace

std::string_view TechnologyOf(model::Class sandbox_class) noexcept {
  if (sandbox_class == model::Class::kWasm) return "wasmedge";
  return sandbox_class == model::Class::kContainer ? "docker" : "";
}

std::string TechnologyOf(std::string_view reference, model::Class sandbox_class) {
  const std::string part = Split(reference).part;
  const bool of_technology = part.starts_with("technology_") || part == "versions";
  return std::string(of_technology ? TechnologyOf(sandbox_class) : "");
}

std::string MatrixOf(std::string_view reference) {
  const Reference split = Split(reference);
  return split.part == "matrices" ? split.first : "";
}

std::optional<Claim> FindClaim(std::string_view reference,
                               std::optional<model::Class> sandbox_class) {
  const Reference split = Split(reference);
  if (split.part == "quick_reference") return Target(split);
  if (!sandbox_class) return std::nullopt;
  if (split.part == "matrices") return InMatrix(split, *sandbox_class);
  if (split.part == "tier_overheads") return InOverheads(split, *sandbox_class);
  if (split.part == "tier_comparison") return InComparison(split, *sandbox_class);
  if (split.part == "versions") return OfVersion(*sandbox_class);
  if (split.part == "kuasar_figures") return OfKuasar(split, *sandbox_class);
  if (split.part == "models") return OfModel(split);
  if (split.part == "stack_target") return StackTarget(split, *sandbox_class);
  STRATA_CHECK(split.part.starts_with("technology_"));
  return OfTechnology(split, *sandbox_class);
}

}  // namespace strata::advisor
