// The tables of domains and of mappings to other ways of looking at an architecture.
#include <array>
#include <string>
#include <utility>

#include "advisor/compare/compare.h"
#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"
#include "advisor/names.h"

namespace strata::advisor {
namespace {

const Json& Matrices() { return Facts(FactFile::kMatrices); }

struct Mapping {
  const char* name;
  const char* key;  // of the table
};
constexpr std::array<Mapping, 5> kMappings{{{"layer", "layer_mapping"},
                                            {"ddd", "ddd_mapping"},
                                            {"togaf", "togaf_mapping"},
                                            {"c4", "c4_mapping"},
                                            {"era", "era_application_matrix"}}};

Section EmptyTable(const Json& table) {
  return {.id = "mapping",
          .title = LabelOf(table),
          .columns = {{"row", {"", ""}}},
          .sources = {table.at("source").get<std::string>()}};
}

// Rows with a cell under each of the table's columns.
Section GridOf(const Json& table) {
  Section section = EmptyTable(table);
  for (const Json& column : table.at("columns")) {
    section.columns.push_back({column.at("id"), LabelOf(column)});
  }
  for (const Json& row : table.at("rows")) {
    std::vector<Cell> cells = {TextCell(LabelOf(row))};
    for (const Json& column : table.at("columns")) {
      const std::string key = column.at("id");
      cells.push_back(row.contains(key) ? ValueCell(row.at(key)) : NoCell());
    }
    section.rows.push_back(std::move(cells));
  }
  if (table.contains("gap")) section.notes.push_back({table.at("gap").get<std::string>(), ""});
  return section;
}

Section DddTable(const Json& table) {
  Section section = EmptyTable(table);
  section.columns.insert(section.columns.end(), {{"domain_model", {"domain model", "领域模型"}},
                                                 {"architecture", {"architecture", "架构"}},
                                                 {"remark", {"feature or problem", "特点或问题"}}});
  for (const Json& row : table.at("rows")) {
    const Json& remark = row.contains("feature") ? row.at("feature") : row.at("problem");
    section.rows.push_back({TextCell({row.at("era"), row.at("zh")}),
                            ValueCell(row.at("domain_model")), ValueCell(row.at("architecture")),
                            ValueCell(remark)});
  }
  return section;
}

Section C4Table(const Json& table) {
  Section section = EmptyTable(table);
  section.columns.push_back({"effect", {"effect of WASM", "WASM 的影响"}});
  for (const Json& level : table.at("levels")) {
    section.rows.push_back({TextCell(LabelOf(level)), TextCell(TextOf(level, "effect"))});
  }
  return section;
}

Text ConceptLabel(const std::string& id) {
  if (const Json* known = FindFact(Facts(FactFile::kConcepts).at("concepts"), id))
    return LabelOf(*known);
  return {id == "lightweight_containers" ? "lightweight containers" : id,
          id == "lightweight_containers" ? "轻量级容器" : ""};
}

// How suitable the concepts are, in the matrix that has a column for the domain.
Section Suitability(const Json& domain) {
  const std::string id = domain.at("id");
  const std::string column = id == "security" ? "security_sensitive" : id;
  const Json* matrix = FindFact(Matrices().at("matrices"), "scenarios");
  Section section{.id = "suitability",
                  .title = {"Suitability", "适用性"},
                  .columns = {{"concept", {"concept", "概念"}}, {"stars", {"suited", "适用"}}},
                  .sources = {matrix->at("source").get<std::string>()}};
  if (FindFact(matrix->at("columns"), column, "key") == nullptr) return section;
  for (const Json& each : Facts(FactFile::kConcepts).at("concepts")) {
    section.rows.push_back(
        {TextCell(LabelOf(each)),
         ValueCell(matrix->at("rows").at(each.at("id").get<std::string>()).at(column))});
  }
  return section;
}

}  // namespace

Result<Report> CompareMapping(std::string_view name) {
  Names names("mapping");
  for (const Mapping& each : kMappings) names.Add(each.key, each.name);
  for (const Mapping& each : kMappings) names.Add(each.key, each.key);
  const auto key = names.Find(name);
  if (!key) return std::unexpected(key.error());
  const Json& table = Matrices().at(*key);
  Section section = *key == "ddd_mapping"  ? DddTable(table)
                    : *key == "c4_mapping" ? C4Table(table)
                                           : GridOf(table);
  return Report{.id = "mapping", .title = LabelOf(table), .sections = {std::move(section)}};
}

Result<Report> CompareDomain(std::string_view name) {
  Names names("domain");
  names.AddAll(Matrices().at("domains"));
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  const Json& domain = *FindFact(Matrices().at("domains"), *id);
  Section scenarios{
      .id = "scenarios",
      .title = {"Scenarios", "场景"},
      .columns = {{"scenario", {"scenario", "场景"}}, {"concept", {"concept", "概念"}}},
      .sources = {domain.at("source").get<std::string>()}};
  for (const Json& each : domain.at("scenarios")) {
    scenarios.rows.push_back(
        {TextCell(LabelOf(each)),
         each.contains("concept") ? TextCell(ConceptLabel(each.at("concept"))) : NoCell()});
  }
  Section stack{.id = "stack",
                .title = {"Stack", "技术栈"},
                .columns = {{"concept", {"concept", "概念"}},
                            {"technologies", {"technologies", "技术"}},
                            {"with", {"with", "配合"}}},
                .sources = {domain.at("source").get<std::string>()}};
  for (const Json& each : domain.at("stack")) {
    stack.rows.push_back({TextCell(ConceptLabel(each.at("concept"))),
                          WordCell(ListOf(each.at("technologies"))),
                          each.contains("with") ? WordCell(ListOf(each.at("with"))) : NoCell()});
  }
  Report report{.id = "domain",
                .title = LabelOf(domain),
                .sections = {std::move(scenarios), std::move(stack)}};
  Section suitability = Suitability(domain);
  if (!suitability.rows.empty()) report.sections.push_back(std::move(suitability));
  return report;
}

}  // namespace strata::advisor
