// The tables of domains and of mappings to other ways of looking at an architecture.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/compare/compare.h"
#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"
#include "advisor/names.h"

namespace strata::advisor {
namespace {

const Json& Matrices() { return Facts(FactFile::kMatrices); }

Section EmptyTable(const Json& table) {
  return {.id = "mapping",
          .columns = {{"row", {"", ""}}},
          .sources = {table.at("source").get<std::string>()}};
}

// What is said of the table as a whole.
void AddNotes(const Json& table, Section& to) {
  for (const char* key : {"gap", "note", "conclusion"}) {
    if (table.contains(key)) to.notes.push_back(TextOf(table, key));
  }
  if (table.contains("insight")) to.notes.push_back({table.at("insight"), table.at("zh_insight")});
  if (table.contains("inflection")) {
    const Json& inflection = table.at("inflection");
    to.notes.push_back({inflection.at("rule"), inflection.at("zh")});
  }
  if (table.contains("inflection_signal")) {
    to.notes.push_back(LabelOf(table.at("inflection_signal")));
  }
}

// Rows with a cell under each of the table's columns.
Section GridOf(const Json& table) {
  Section section = EmptyTable(table);
  for (const Json& column : table.at("columns")) {
    section.columns.push_back({column.at("id"), LabelOf(column)});
  }
  for (const Json& row : table.at("rows")) {
    std::vector<Cell> cells = {TextCell(LabelOf(row))};
    const Json& held = row.contains("cells") ? row.at("cells") : row;
    for (const Json& column : table.at("columns")) {
      const std::string key = column.at("id");
      cells.push_back(held.contains(key) ? ValueCell(held.at(key)) : NoCell());
    }
    section.rows.push_back(std::move(cells));
  }
  AddNotes(table, section);
  return section;
}

// A text with its Chinese, a list, a range; nothing where the row does not say.
Cell FieldCell(const Json& row, const std::string& key) {
  if (!row.contains(key)) return NoCell();
  const Json& field = row.at(key);
  if (field.is_string()) return TextCell(TextOf(row, key));
  if (!field.is_array()) return ValueCell(field);
  const Json translated = row.value(key + "_zh", Json(""));
  return TextCell(
      {ListOf(field), translated.is_array() ? ListOf(translated) : translated.get<std::string>()});
}

// Rows of which each says something under `columns`.
Section FieldsOf(const Json& table, const char* rows, const std::vector<Column>& columns) {
  Section section = EmptyTable(table);
  section.columns.insert(section.columns.end(), columns.begin(), columns.end());
  for (const Json& row : table.at(rows)) {
    std::vector<Cell> cells = {TextCell(LabelOf(row))};
    for (const Column& column : columns) cells.push_back(FieldCell(row, column.key));
    section.rows.push_back(std::move(cells));
  }
  AddNotes(table, section);
  return section;
}

// With what the tiers are in the other documents.
Section TiersTable(const Json& table) {
  Section section = GridOf(table);
  for (const Json& tier : Facts(FactFile::kConcepts).at("tier_mapping")) {
    if (!tier.contains("note")) continue;
    const Text of = Join(ConceptLabel(tier.at("concept")), " = ",
                         {tier.at("sandbox_class").get<std::string>(), tier.at("zh")});
    section.notes.push_back(Join(of, ": ", TextOf(tier, "note")));
  }
  return section;
}

Section OverheadsTable(const Json& table) {
  return FieldsOf(table, "rows",
                  {{"startup", {"start-up", "启动"}},
                   {"memory", {"memory", "内存"}},
                   {"density", {"density", "密度"}}});
}

Section LaunchTable(const Json& table) {
  return FieldsOf(table, "rows",
                  {{"tolerance", {"tolerated start-up", "可容忍启动"}},
                   {"mode", {"mode", "模式"}},
                   {"cost", {"cost", "成本"}}});
}

Section ParadigmTable(const Json& table) {
  return FieldsOf(table, "rows", {{"path", {"path", "路径"}}});
}

Section InformationTable(const Json& table) {
  return FieldsOf(table, "rows", {{"era", {"era", "时代"}}, {"elements", {"elements", "要素"}}});
}

Section KuasarTable(const Json& table) {
  Section section = FieldsOf(table, "figures", {{"because", {"because", "原因"}}});
  for (const Json& figure : table.at("figures")) {
    if (figure.contains("note")) section.notes.push_back(TextOf(figure, "note"));
  }
  return section;
}

// A row for each track, a column for each year that a track has.
Section ForecastTable(const Json& table) {
  Section section = EmptyTable(table);
  const std::array phases = {std::pair{"current", Text{"now (2025)", "当前（2025）"}},
                             std::pair{"2027", Text{"2027", ""}},
                             std::pair{"2030", Text{"2030", ""}}};
  for (const auto& [phase, label] : phases) section.columns.push_back({phase, label});
  for (const Json& track : table.at("tracks")) {
    std::vector<Cell> cells = {TextCell(LabelOf(track))};
    for (const auto& [phase, label] : phases) {
      const Json* point = FindFact(track.at("points"), phase, "phase");
      cells.push_back(point == nullptr ? NoCell()
                                       : NumberCell(100 * point->at("value").get<double>(), "%"));
    }
    section.rows.push_back(std::move(cells));
  }
  Text ranks;
  for (const Json& each : table.at("burst_priority")) ranks = Join(ranks, " > ", LabelOf(each));
  section.notes.push_back(Join({"order of the outburst", "爆发优先级"}, ": ", ranks));
  AddNotes(table, section);
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

struct Mapping {
  std::string_view name;  // ours, as it is typed
  const char* key;        // of the table
  Section (*table)(const Json&);
  const char* title = "";  // in English, of those that have none in the documents
};
constexpr std::array kMappings{
    Mapping{"layer", "layer_mapping", GridOf},
    Mapping{"ddd", "ddd_mapping", DddTable},
    Mapping{"togaf", "togaf_mapping", GridOf},
    Mapping{"c4", "c4_mapping", C4Table},
    Mapping{"era", "era_application_matrix", GridOf},
    Mapping{"tier", "tier_comparison", TiersTable},
    Mapping{"overheads", "tier_overheads", OverheadsTable},
    Mapping{"kuasar", "kuasar_figures", KuasarTable},
    Mapping{"launch", "launch_paradigm", LaunchTable},
    Mapping{"agility", "agility", GridOf},
    Mapping{"business", "business_models", GridOf},
    Mapping{"forecast", "penetration_forecast", ForecastTable},
    Mapping{"paradigm", "architecture_paradigms", ParadigmTable, "paradigms of architecture"},
    Mapping{"information", "information_architecture", InformationTable,
            "information architecture"}};

Text TitleOf(const Mapping& mapping) {
  Text title = LabelOf(Matrices().at(mapping.key));
  if (title.en.empty()) title.en = mapping.title;
  return title;
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

// The concepts of the domain that classes of this platform implement.
std::vector<Subject> SubjectsOf(const Json& domain) {
  std::vector<Subject> subjects;
  for (Subject& each : ConceptSubjects()) {
    const Json& concepts = domain.at("core_concepts");
    if (each.classes.empty() || std::ranges::find(concepts, Json(each.id)) == concepts.end()) {
      continue;
    }
    subjects.push_back(std::move(each));
  }
  return subjects;
}

}  // namespace

std::string MappingNames() {
  std::vector<std::string> names;
  for (const Mapping& each : kMappings) names.emplace_back(each.name);
  return Listed(names);
}

Result<Report> CompareMapping(std::string_view name) {
  Names names("mapping");
  for (const Mapping& each : kMappings) names.Add(std::string(each.name), std::string(each.name));
  for (const Mapping& each : kMappings) {
    names.Add(std::string(each.name), each.key);
    const Text title = TitleOf(each);
    names.Add(std::string(each.name), title.en);
    names.Add(std::string(each.name), title.zh);
  }
  const auto found = names.Find(name);
  if (!found) return std::unexpected(found.error());
  const Mapping& mapping = *std::ranges::find(kMappings, *found, &Mapping::name);
  const Json& table = Matrices().at(mapping.key);
  Section section = mapping.table(table);
  section.title = {};  // the report's says it
  return Report{.id = "mapping", .title = TitleOf(mapping), .sections = {std::move(section)}};
}

Result<Report> CompareDomain(std::string_view name, const measure::Record& record) {
  Names names("domain");
  names.AddAll(Matrices().at("domains"));
  // "边缘计算" of "边缘计算领域": the last word is "domain".
  constexpr std::string_view kDomain = "领域";
  for (const Json& each : Matrices().at("domains")) {
    const std::string chinese = each.at("zh");
    if (!chinese.ends_with(kDomain)) continue;
    names.Add(each.at("id"), chinese.substr(0, chinese.size() - kDomain.size()));
  }
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
  Section measured = MeasuredSection(SubjectsOf(domain), record);
  if (!measured.rows.empty()) {
    report.sections.push_back(std::move(measured));
  } else {
    report.notes.push_back(kHowToMeasure);
  }
  return report;
}

}  // namespace strata::advisor
