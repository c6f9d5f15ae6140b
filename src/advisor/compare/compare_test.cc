#include "advisor/compare/compare.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/report/testing.h"
#include "measure/record.h"
#include "measure/rows.h"

namespace strata::advisor {
namespace {

using testing::HasSubstr;

TEST(CompareTest, AllConceptsShowEveryCellOfEveryMatrix) {
  CompareQuestion question;
  for (const Subject& subject : ConceptSubjects()) question.subjects.push_back(subject.id);
  const auto report = Compare(question);
  ASSERT_TRUE(report);
  std::size_t cells = 0;
  for (const Json& matrix : Facts(FactFile::kMatrices).at("matrices")) {
    const Section* section = FindSection(*report, matrix.at("id").get<std::string>());
    ASSERT_NE(section, nullptr) << matrix.at("id");
    for (const auto& row : section->rows) {
      ASSERT_EQ(row.size(), 7U);
      cells += row.size() - 1;
    }
    EXPECT_EQ(section->sources.front(), matrix.at("source").get<std::string>());
  }
  EXPECT_EQ(cells, 270U);
  EXPECT_EQ(FindSection(*report, "orderings")->rows.size(), 13U);
  EXPECT_EQ(FindSection(*report, "statements")->rows.size(), 15U);
}

TEST(CompareTest, ADimensionIsShownAlone) {
  const auto report = Compare({.subjects = {"wasm", "container"}, .dimensions = {"启动时间"}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sections[0].id, "startup");
  EXPECT_EQ(report->sections[0].rows[0][1].text.en, "1-10 ms");
  EXPECT_EQ(report->sections[0].rows[0][2].text.zh, "100-500ms");
  EXPECT_EQ(FindSection(*report, "definition"), nullptr);
  EXPECT_THAT(Compare({.subjects = {"wasm"}, .dimensions = {"isolaton"}}).error().message,
              HasSubstr("no dimension 'isolaton'; did you mean 'isolation'"));
}

TEST(CompareTest, OrderingsThatTheCellsContradictSayWhichCells) {
  const auto report =
      Compare({.subjects = {"sandboxing", "policy_engine"}, .dimensions = {"performance"}});
  ASSERT_TRUE(report);
  const Section* orderings = FindSection(*report, "orderings");
  ASSERT_NE(orderings, nullptr);
  const auto& loss = orderings->rows.back();
  EXPECT_EQ(loss[2].text.en, "sandboxing < policy engine");
  EXPECT_EQ(loss[4].text.en, "no: sandboxing 3 vs policy engine 2");
}

TEST(CompareTest, AnOrderingIsHeldAgainstThoseThatAreComparedAlone) {
  const auto report = Compare({.subjects = {"wasm", "container"}, .dimensions = {"startup"}});
  ASSERT_TRUE(report);
  const auto& starts = FindSection(*report, "orderings")->rows[1];
  EXPECT_EQ(starts[2].text.en, "WebAssembly < containerization");
  EXPECT_EQ(starts[3].text.en, "yes");
  const auto more = Compare({.subjects = {"wasm", "container", "sandboxing", "policy_engine"},
                             .dimensions = {"startup"}});
  ASSERT_TRUE(more);
  EXPECT_EQ(FindSection(*more, "orderings")->rows[1][3].text.en,
            "not strictly: sandboxing = policy engine");
}

TEST(CompareTest, NoOrderingIsUncheckedAndContradictionsAreShown) {
  const auto report = Compare({.subjects = {"virtualization", "containerization", "sandboxing",
                                            "webassembly", "service_mesh", "policy_engine"}});
  ASSERT_TRUE(report);
  const Section& orderings = *FindSection(*report, "orderings");
  EXPECT_EQ(orderings.rows.size(), 13U);
  int contradicted = 0;
  for (const auto& row : orderings.rows) {
    const Text& least = row[3].text;
    const bool checked =
        least.en == "yes" || least.en.starts_with("no: ") || least.en.starts_with("not strictly: ");
    if (checked) continue;
    ++contradicted;
    EXPECT_THAT(least.en, HasSubstr("the other way in 001 §3."));
    EXPECT_THAT(least.en, HasSubstr("containerization"));
    EXPECT_THAT(least.zh, HasSubstr("容器化"));
    EXPECT_THAT(least.zh, testing::Not(HasSubstr("containerization"))) << "labels, not ids";
  }
  EXPECT_EQ(contradicted, 2);
  const auto& loss = orderings.rows[5];
  EXPECT_EQ(loss[4].text,
            (Text{"no: sandboxing 3 vs policy engine 2", "不成立：沙盒化 3 vs 策略引擎 2"}));
}

struct Found {
  std::string verdict;
  Json ratio;
};
// Of the first row of that quantity whose source begins so.
Found Claimed(const Section& measured, std::string_view quantity, std::string_view source) {
  for (const auto& row : measured.rows) {
    if (row[1].text.en != quantity || !row[7].text.en.starts_with(source)) continue;
    return {row[6].text.en, row[5].value};
  }
  return {"no such row", nullptr};
}

// As many samples as bound a median.
std::vector<double> Six(double value) { return std::vector<double>(6, value); }

TEST(CompareTest, WhatWasMeasuredStandsBesideEveryClaim) {
  measure::Record record;
  record.rows = {{.row = "cold_start", .in = "wasm", .unit = "ms", .samples = Six(20)},
                 {.row = "warm_start", .in = "wasm", .unit = "ms", .samples = Six(0.4)},
                 {.row = "memory", .in = "wasm", .unit = "MiB", .samples = Six(2)}};
  const auto report = Compare({.subjects = {"webassembly", "container"}, .record = record});
  ASSERT_TRUE(report);
  const Section* measured = FindSection(*report, "measured");
  ASSERT_NE(measured, nullptr);
  EXPECT_EQ(Claimed(*measured, "cold start", "001 §3.5").verdict, "above the claim");
  EXPECT_EQ(Claimed(*measured, "cold start", "001 §3.5").ratio, 2.0) << "20 ms of at most 10";
  EXPECT_EQ(Claimed(*measured, "cold start", "004").ratio, 20.0) << "of less than 1 ms";
  EXPECT_EQ(Claimed(*measured, "warm start", "001 §3.5").verdict, "below the claim");
  EXPECT_EQ(Claimed(*measured, "warm start", "001 §3.5").ratio, 0.8) << "0.4 of at least 0.5 ms";
  EXPECT_EQ(Claimed(*measured, "memory of a call", "001").verdict, "as claimed");
  EXPECT_EQ(Claimed(*measured, "memory of a call", "002 A§2").verdict, "above the claim")
      << "002 has less than 1 MB";
  EXPECT_EQ(Claimed(*measured, "memory of a call", "003 §00.4.1").verdict,
            "none: of the product itself, not of what runs in it");
  EXPECT_TRUE(report->notes.empty());
}

// "startup time", "memory use" and "CPU use" are cells of a matrix as "cold start" is.
TEST(CompareTest, EveryMatrixWithFiguresHasWhatWasMeasuredOfThem) {
  measure::Record record;
  record.rows = {{.row = "cold_start", .in = "wasm", .unit = "ms", .samples = Six(2)},
                 {.row = "memory", .in = "wasm", .unit = "MiB", .samples = Six(20)},
                 {.row = "compute_cpu", .in = "wasm", .unit = "ms", .samples = Six(150)},
                 {.row = "call_cpu", .in = "wasm", .unit = "ms", .samples = Six(1)},
                 {.row = "compute_cpu", .in = "process", .unit = "ms", .samples = Six(100)},
                 {.row = "call_cpu", .in = "process", .unit = "ms", .samples = Six(1)}};
  const auto verdict = [&record](const char* dimension, const char* quantity) {
    const auto report =
        Compare({.subjects = {"webassembly"}, .dimensions = {dimension}, .record = record});
    return Claimed(*FindSection(*report, "measured"), quantity, "001").verdict;
  };
  EXPECT_EQ(verdict("performance", "cold start"), "as claimed") << "startup time 1-10 ms";
  EXPECT_EQ(verdict("resources", "memory of a call"), "above the claim") << "memory use 1-10 MB";
  EXPECT_EQ(verdict("resources", "CPU overhead"), "above the claim") << "CPU use 0.1-1 %";
}

measure::Record SomeRows() {
  measure::Record record;
  record.host.memory_mib = 1024;
  record.rows = {
      {.row = "cold_start", .in = "wasm", .unit = "ms", .samples = {1, 2, 3, 4.6, 6, 7}},
      {.row = "memory", .in = "microvm", .unit = "MiB", .samples = {54}},
      {.row = "instance_memory", .in = "microvm", .unit = "MiB", .samples = {52, 53, 54}},
      {.row = "density", .in = "microvm", .unit = "instances", .samples = {9, 9}},
      {.row = "cold_start",
       .in = "container",
       .unit = "ms",
       .samples = {900, 1000, 1100, 900, 1000, 1100}},
      {.row = "image_size", .in = "container", .unit = "MiB", .samples = {1}}};
  return record;
}

// For one record they say the same of every row, place and document.
TEST(CompareTest, CompareSaysWhatMeasureSays) {
  const measure::Record record = SomeRows();
  const Section compared = *FindSection(
      *Compare({.subjects = {"wasm", "container", "microvm"}, .record = record}), "measured");
  std::size_t judged = 0;
  for (const char* in : {"wasm", "container", "microvm"}) {
    for (const measure::Row& row : measure::Rows()) {
      const auto measured = DescribeRow(record, row, in);
      if (!measured) continue;
      for (const JudgedClaim& each : JudgeClaims(*measured)) {
        ++judged;
        const auto same = [&](const std::vector<Cell>& cells) {
          return cells[0].text.en == in && cells[1].text == LabelOf(row) &&
                 cells[7].text.en == each.claim.source && cells[6].text == each.text &&
                 cells[3].value.at("value") == Short(measured->value);
        };
        EXPECT_EQ(std::ranges::count_if(compared.rows, same), 1) << in << ' ' << row.id;
      }
    }
  }
  EXPECT_EQ(compared.rows.size(), judged) << "and nothing else";
}

TEST(CompareTest, ADimensionsMeasuredRowsAreItsOwn) {
  const auto labels = [](const char* dimension) {
    const auto report =
        Compare({.subjects = {"microvm"}, .dimensions = {dimension}, .record = SomeRows()});
    std::set<std::string> seen;
    const Section* measured = FindSection(*report, "measured");
    if (measured == nullptr) return seen;
    for (const auto& row : measured->rows) seen.insert(row[1].text.en);
    return seen;
  };
  EXPECT_EQ(labels("resources"),
            (std::set<std::string>{"density within the bound", "density of this host",
                                   "memory of a call", "memory of an idle server"}))
      << "the first though nothing is claimed of it, memory as that matrix claims it";
  EXPECT_EQ(labels("performance"),
            (std::set<std::string>{"memory of a call", "memory of an idle server"}));
  EXPECT_EQ(labels("ecosystem"), std::set<std::string>());
}

TEST(CompareTest, ATechnologyIsMeasuredAsTheClassThatItStandsFor) {
  const auto report = Compare({.subjects = {"Docker", "WasmEdge", "K3s"}, .record = SomeRows()});
  const Section* measured = FindSection(*report, "measured");
  ASSERT_NE(measured, nullptr);
  for (const auto& row : measured->rows) {
    EXPECT_TRUE(row[7].text.en.contains("versions.yaml")) << row[7].text.en;
  }
  EXPECT_EQ(Claimed(*measured, "cold start", "003 §00.7.2 (versions.yaml), Docker").verdict,
            "not decided: on both sides of a bound");
  EXPECT_TRUE(report->notes.empty());
}

TEST(CompareTest, HowToMeasureIsSaidOfATechnologyThatStandsForAClass) {
  EXPECT_EQ(Compare({.subjects = {"Docker", "WasmEdge"}})->notes, std::vector{kHowToMeasure});
  EXPECT_TRUE(Compare({.subjects = {"Istio", "OPA"}})->notes.empty()) << "no class is either";
}

TEST(CompareTest, NothingOfATechnologyIsSaidTwice) {
  std::size_t said = 0;
  for (const Subject& each : TechnologySubjects()) {
    const auto report = Compare({.subjects = {each.id}});
    if (!report) continue;  // a word that is a class or a concept first
    for (const auto& row : FindSection(*report, "context")->rows) {
      std::set<std::string> parts;
      std::istringstream text(row[1].text.en);
      for (std::string part; std::getline(text, part, ';'); ++said) {
        EXPECT_TRUE(parts.insert(part.substr(part.find_first_not_of(' '))).second)
            << each.id << ": " << part;
      }
    }
  }
  EXPECT_GT(said, 100U);
}

// What a cell of a fact says at least: its words, its text, or its first figure.
std::string WordsOf(const Json& cell) {
  if (cell.is_string()) return cell;
  for (const char* key : {"text", "level"}) {
    if (cell.contains(key)) return cell.at(key);
  }
  for (const char* key : {"min", "max", "max_exclusive", "min_exclusive", "value"}) {
    if (cell.contains(key) && cell.at(key).is_number()) return Figure(cell.at(key));
  }
  return "";
}

// Every row of the tables of technologies is the answer to its name.
TEST(CompareTest, EveryTechnologyIsShownWithWhatTheTablesHave) {
  const auto section_of = [](const std::string& name, const char* id) {
    const auto report = Compare({.subjects = {name}});
    EXPECT_TRUE(report) << name << ": " << report.error().message;
    const Section* section = report ? FindSection(*report, id) : nullptr;
    return section == nullptr ? Section{} : *section;
  };
  const Json& versions = Facts(FactFile::kVersions);
  std::vector<std::pair<std::string, std::string>> columns;
  for (const Json& each : versions.at("technology_attribute_columns")) {
    columns.emplace_back(each.at("label"), each.at("id"));
  }
  const std::vector<std::pair<std::string, std::string>> figures{
      {"start-up", "startup"}, {"memory", "memory"}, {"image", "image"}, {"density", "density"}};
  for (const char* table : {"technology_attributes", "technology_performance"}) {
    const char* id =
        std::string_view(table) == "technology_attributes" ? "attributes" : "performance";
    for (const Json& each : versions.at(table)) {
      const bool both = each.at("id") == "service_mesh";
      const std::string name = both ? "service_mesh_technology" : each.at("id").get<std::string>();
      const Section section = section_of(name, id);
      const auto in_table = std::string_view(id) == "attributes" ? columns : figures;
      std::size_t shown = 0;
      for (const auto& [label, key] : in_table) {
        if (each.at(key).is_null()) continue;
        const auto row = std::ranges::find(
            section.rows, label, [](const std::vector<Cell>& cells) { return cells[0].text.en; });
        ASSERT_NE(row, section.rows.end()) << name << ": " << label;
        EXPECT_THAT((*row)[1].text.en, HasSubstr(WordsOf(each.at(key)))) << name << ": " << label;
        ++shown;
      }
      EXPECT_EQ(section.rows.size(), shown) << name << ": nothing else";
    }
  }
  for (const Json& each : versions.at("versions")) {
    const Section context = section_of(each.at("tech"), "context");
    const auto row = std::ranges::find(
        context.rows, "version", [](const std::vector<Cell>& cells) { return cells[0].text.en; });
    ASSERT_NE(row, context.rows.end()) << each.at("tech");
    EXPECT_THAT((*row)[1].text.en, HasSubstr(each.at("new").get<std::string>()));
  }
  const auto mesh = Compare({.subjects = {"Service Mesh", "OPA"}});
  ASSERT_TRUE(mesh) << mesh.error().message;
  EXPECT_FALSE(FindSection(*mesh, "attributes")->rows.empty());
  EXPECT_FALSE(Compare({.subjects = {"webassembly", "OPA"}}));
  EXPECT_TRUE(Compare({.subjects = {"Docker", "Kata"}}));
}

TEST(CompareTest, WithoutARecordItSaysHowToGetOne) {
  const auto report = Compare({.subjects = {"wasm"}});
  ASSERT_TRUE(report);
  EXPECT_EQ(FindSection(*report, "measured"), nullptr);
  EXPECT_THAT(report->notes[0].en, HasSubstr("strata measure"));
}

TEST(CompareTest, RelationsAreThoseBetweenWhatIsCompared) {
  const auto report = Compare({.subjects = {"containerization", "service_mesh"}});
  ASSERT_TRUE(report);
  const Section* relations = FindSection(*report, "relations");
  ASSERT_NE(relations, nullptr);
  const auto compositions = std::ranges::count_if(
      relations->rows, [](const auto& row) { return row[0].text.en == "composition"; });
  EXPECT_EQ(compositions, 1) << "Kubernetes + Istio";
}

TEST(CompareTest, EveryTechnologyCanBeCompared) {
  const auto technologies = TechnologySubjects();
  for (const Subject& each : technologies) {
    const auto report = Compare({.subjects = {each.id == "docker" ? "k3s" : "docker", each.id}});
    if (!FindSubject(each.id) || FindSubject(each.id)->kind == Subject::Kind::kConcept) continue;
    ASSERT_TRUE(report) << each.id;
    EXPECT_FALSE(report->sections.empty()) << each.id;
  }
  const auto report = Compare({.subjects = {"Docker", "WasmEdge"}});
  EXPECT_EQ(FindSection(*report, "attributes")->rows.size(), 7U);
  EXPECT_EQ(FindSection(*report, "performance")->rows.size(), 4U);
}

TEST(CompareTest, WhatHasNothingInCommonIsRefused) {
  const auto refused = Compare({.subjects = {"wasm", "Docker"}});
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("'wasmedge' is the counterpart of 'wasm'"));
  EXPECT_THAT(refused.error().message, HasSubstr("'container' is the counterpart of 'docker'"));
  EXPECT_THAT(Compare({.subjects = {"wasm", "WASM"}}).error().message, HasSubstr("twice"));
  EXPECT_EQ(Compare({.subjects = {"Docker"}, .dimensions = {"startup"}}).error().code,
            Errc::kInvalidArgument);
}

TEST(CompareTest, AloneItListsWhatThereIs) {
  const auto report = Compare({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sections[1].rows.size(), 8U);
}

TEST(CompareTest, EveryDomainAndMappingIsShown) {
  for (const Json& domain : Facts(FactFile::kMatrices).at("domains")) {
    const auto report = CompareDomain(domain.at("id").get<std::string>());
    ASSERT_TRUE(report);
    EXPECT_EQ(report->sections[0].rows.size(), 3U);
    EXPECT_EQ(report->sections[1].rows.size(), 3U);
  }
  EXPECT_EQ(CompareDomain("边缘计算")->title, CompareDomain("edge")->title) << "without 领域";
  EXPECT_EQ(CompareDomain("edge")->sections.size(), 3U) << "with its stars";
  EXPECT_EQ(CompareDomain("observability")->sections.size(), 2U) << "which has none";
  const auto rows = [](const char* mapping) {
    return CompareMapping(mapping)->sections[0].rows.size();
  };
  EXPECT_EQ(rows("layer"), 4U);
  EXPECT_EQ(rows("ddd"), 3U);
  EXPECT_EQ(rows("togaf"), 4U);
  EXPECT_EQ(rows("C4"), 4U);
  EXPECT_EQ(rows("era"), 6U);
  EXPECT_EQ(rows("tier"), Facts(FactFile::kMatrices).at("tier_comparison").at("rows").size());
  EXPECT_EQ(rows("overheads"), 4U);
  EXPECT_EQ(rows("kuasar"), 3U);
  EXPECT_EQ(rows("launch"), 3U);
  EXPECT_EQ(rows("agility"), 5U);
  EXPECT_EQ(rows("business"), 4U);
  EXPECT_EQ(rows("forecast"), 5U);
  EXPECT_EQ(rows("paradigm"), 3U);
  EXPECT_EQ(rows("information"), 3U);
  EXPECT_THAT(CompareMapping("togef").error().message, HasSubstr("did you mean 'togaf'"));
  EXPECT_EQ(CompareDomain("moon").error().code, Errc::kNotFound);
}

TEST(CompareTest, AMappingIsFoundByItsShortNameItsTableAndItsTitle) {
  for (const char* name : {"era", "ERA", "era-application-matrix", "应用层穿透式演进矩阵"}) {
    const auto report = CompareMapping(name);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->title.en, CompareMapping("era")->title.en) << name;
    EXPECT_TRUE(report->sections[0].title.empty()) << "said once, by the report";
  }
  for (const char* name : {"paradigms of architecture", "architecture_paradigms"}) {
    EXPECT_TRUE(CompareMapping(name)) << name;
  }
  EXPECT_EQ(CompareMapping("zachman").error().code, Errc::kNotFound);
  EXPECT_THAT(CompareMapping("zachman").error().message,
              HasSubstr("there are: agility, business, c4, ddd, era, forecast,"))
      << "as they are typed";
}

TEST(CompareTest, AClassIsAlignedAsItsConcept) {
  for (const Subject& each : ClassSubjects()) {
    const auto report = Align(each.id);
    ASSERT_TRUE(report) << each.id;
    EXPECT_EQ(report->title, Align(each.concept_id)->title) << each.id;
  }
  EXPECT_EQ(Align("microvm")->title.en, "sandboxing");
  EXPECT_EQ(Align("Docker")->title.en, "containerization") << "a technology of it";
  EXPECT_EQ(Align("沙盒")->title.en, "sandboxing");
  EXPECT_THAT(Align("microvn").error().message, HasSubstr("did you mean 'microvm'?"));
}

TEST(CompareTest, MappingsSayWhatTheirTablesDo) {
  const auto overheads = CompareMapping("overheads");
  ASSERT_TRUE(overheads);
  EXPECT_EQ(overheads->sections[0].rows[3][3].text.en, "100000+ instances/server");
  const auto forecast = CompareMapping("forecast");
  EXPECT_EQ(forecast->sections[0].rows[0][2].text.en, "40 %");
  EXPECT_TRUE(forecast->sections[0].rows[3][1].text.empty()) << "no such year is stated";
  EXPECT_THAT(CompareMapping("agility")->sections[0].notes[0].en, HasSubstr("1 change per hour"));
  EXPECT_THAT(CompareMapping("business")->sections[0].notes[0].zh, HasSubstr("WASM-first"));
  std::istringstream names(MappingNames());
  std::size_t count = 0;
  for (std::string name; std::getline(names, name, ','); ++count) {
    const auto report = CompareMapping(name.substr(name.find_first_not_of(' ')));
    ASSERT_TRUE(report) << name;
    EXPECT_FALSE(report->title.en.empty()) << name;
    for (const auto& row : report->sections[0].rows) {
      EXPECT_EQ(row.size(), report->sections[0].columns.size());
      EXPECT_FALSE(row[0].text.en.empty()) << name;
    }
  }
  EXPECT_EQ(count, 14U);
}

TEST(CompareTest, DimensionsNeedSomethingToCompare) {
  const auto refused = Compare({.dimensions = {"startup", "wasm", "container"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
}

TEST(CompareTest, ADomainShowsWhatWasMeasuredOfItsConcepts) {
  measure::Record record;
  record.prior[model::Class::kWasm] = {.cold_start_ms = 20};
  const auto report = CompareDomain("edge", record);
  const Section* measured = FindSection(*report, "measured");
  ASSERT_NE(measured, nullptr);
  EXPECT_EQ(measured->rows[0][6].text.en, "not decided: one sample, needs 6");
  EXPECT_TRUE(report->notes.empty());
  EXPECT_EQ(FindSection(*CompareDomain("cloud", record), "measured"), nullptr)
      << "wasm is none of it";
  EXPECT_THAT(CompareDomain("edge")->notes[0].en, HasSubstr("strata measure"));
}

TEST(CompareTest, EveryConceptIsAlignedAndWhatIsMissingIsSaid) {
  for (const Subject& subject : ConceptSubjects()) {
    const auto report = Align(subject.id);
    ASSERT_TRUE(report);
    EXPECT_GE(FindSection(*report, "alignment")->rows.size(), 4U) << subject.id;
    EXPECT_NE(FindSection(*report, "conflicts"), nullptr) << subject.id;
  }
  const auto missing = [](const char* name) {
    const auto report = Align(name);
    return std::ranges::count_if(FindSection(*report, "alignment")->rows,
                                 [](const auto& row) { return row[3].text.en == "missing"; });
  };
  EXPECT_EQ(missing("containerization"), 0);
  EXPECT_EQ(missing("sandboxing"), 2) << "no standard, no paper";
  EXPECT_EQ(missing("policy engine"), 2) << "no Chinese article, no paper";
  EXPECT_THAT(Align("webasembly").error().message, HasSubstr("did you mean 'webassembly'"));
}

TEST(CompareTest, AnArchitectureIsAlignedAndWhatIsMissingIsSaid) {
  for (const Json& row : Facts(FactFile::kConcepts).at("architecture_concepts").at("rows")) {
    const auto report = Align(row.at("id").get<std::string>());
    ASSERT_TRUE(report);
    std::vector<Text> missing;
    for (const auto& cells : FindSection(*report, "alignment")->rows) {
      if (cells[3].text == Text{"missing", "缺失"}) missing.push_back(cells[0].text);
      EXPECT_NE(cells[2].text.en.empty(), cells[3].text.en.empty()) << "an address, or missing";
    }
    EXPECT_THAT(missing,
                testing::ElementsAre(Text{"Wikipedia (zh)", "维基百科（中文）"},
                                     Text{"standards body", "标准组织"}, Text{"paper", "论文"}))
        << row.at("id");
    EXPECT_THAT(report->notes.at(0).en, HasSubstr("no address was visited"));
    EXPECT_THAT(report->notes.at(0).zh, HasSubstr("未访问任何网址"));
  }
}

std::set<std::string> ConflictsOf(std::string_view concept_id) {
  std::set<std::string> ids;
  const auto report = Align(concept_id);
  const Section* conflicts = FindSection(*report, "conflicts");
  if (conflicts == nullptr) return ids;
  for (const auto& row : conflicts->rows) ids.insert(row[0].text.en);
  return ids;
}

TEST(CompareTest, EveryContradictionIsShownAndMostBesideTheirConcepts) {
  std::set<std::string> all;
  std::size_t statements = 0;
  for (const Json& conflict : Facts(FactFile::kModels).at("cross_document_conflicts")) {
    all.insert(conflict.at("id"));
    statements += conflict.at("statements").size();
  }
  EXPECT_EQ(all.size(), 28U);
  EXPECT_EQ(ConflictsOf(""), all);
  EXPECT_EQ(FindSection(*Align(""), "conflicts")->rows.size(), statements);
  // Of no one concept: dates, weights, several things that share a figure.
  std::set<std::string> shown = {"timeline", "utility_leaves", "preference_weights",
                                 "sixty_percent", "real_world"};
  for (const Subject& subject : ConceptSubjects()) shown.merge(ConflictsOf(subject.id));
  EXPECT_EQ(shown, all);
  // As many as align.cc lists, which is ours: one with a wrong name would be shown nowhere.
  std::size_t beside = ConflictsOf("zero trust").size();
  for (const Subject& subject : ConceptSubjects()) beside += ConflictsOf(subject.id).size();
  EXPECT_EQ(beside, 43U);
}

TEST(CompareTest, WhatIsClaimedOfAllConceptsIsNotSaidOfOneThatHasNothing) {
  const auto report = Align("webassembly");
  ASSERT_TRUE(report);
  std::set<std::string> here;
  for (const auto& row : FindSection(*report, "agrees")->rows) {
    EXPECT_FALSE(row[0].text.zh.empty()) << "a label, and no key";
    here.insert(row[0].text.en + ": " + row[2].text.en);
  }
  EXPECT_EQ(here,
            (std::set<std::string>{"Wikipedia: listed above", "standards bodies: listed above",
                                   "papers: nothing is listed"}));
  const auto& rows = FindSection(*report, "alignment")->rows;
  const auto paper = std::ranges::find_if(
      rows, [](const auto& row) { return row[0].text == Text{"paper", "论文"}; });
  ASSERT_NE(paper, rows.end());
  EXPECT_EQ((*paper)[3].text, (Text{"missing", "缺失"}));
  EXPECT_EQ((*paper)[1].text.en, "");
}

TEST(CompareTest, WithoutAConceptTheAuthoritiesAreNamed) {
  const auto report = Align("");
  ASSERT_TRUE(report);
  EXPECT_EQ(FindSection(*report, "authorities")->rows.size(), 5U);
  EXPECT_GT(FindSection(*report, "concepts")->rows.size(), 6U);
  EXPECT_EQ(FindSection(*report, "agrees")->columns.size(), 2U);
}

}  // namespace
}  // namespace strata::advisor
