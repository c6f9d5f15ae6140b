// A concept against what others say of it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/compare/compare.h"
#include "advisor/compare/subjects.h"
#include "advisor/facts/facts.h"
#include "advisor/names.h"

namespace strata::advisor {
namespace {

const Json& Alignment() { return Facts(FactFile::kConcepts).at("alignment"); }

Section EmptyAlignment() {
  return {.id = "alignment",
          .title = {"Alignment", "对齐"},
          .columns = {{"with", {"with", "对象"}},
                      {"title", {"title", "标题"}},
                      {"url", {"address", "网址"}},
                      {"status", {"status", "状态"}},
                      {"source", {"source", "出处"}}}};
}

const Text kEnglishWikipedia{"Wikipedia (en)", "维基百科（英文）"};
const Text kChineseWikipedia{"Wikipedia (zh)", "维基百科（中文）"};
const Text kMissing{"missing", "缺失"};
const Text kNotVisited{"\"aligned\" is the documents' own word; no address was visited.",
                       "“已对齐”为文档自述；未访问任何网址。"};
const Text kAddressesOnly{
    "The documents give its addresses and do not say what agrees; no address was visited.",
    "文档仅给出网址，未说明哪些内容一致；未访问任何网址。"};

void AddMissing(Section& to, const Text& with, const Json& list) {
  to.rows.push_back({TextCell(with), NoCell(), NoCell(), TextCell(kMissing),
                     WordCell(list.at("source").get<std::string>())});
}

void AddWikipedia(const std::string& id, Section& to) {
  const Json& wikipedia = Alignment().at("wikipedia");
  const Json* row = FindFact(wikipedia.at("rows"), id, "concept");
  const Cell source = WordCell(wikipedia.at("source").get<std::string>());
  to.rows.push_back({TextCell(kEnglishWikipedia), WordCell(row->at("en_title").get<std::string>()),
                     WordCell(row->at("en_url").get<std::string>()),
                     TextCell({row->at("status"), row->at("zh")}), source});
  if (row->at("zh_title").is_null()) {
    AddMissing(to, kChineseWikipedia, wikipedia);
    to.notes.push_back(TextOf(wikipedia, "note"));
    return;
  }
  to.rows.push_back({TextCell(kChineseWikipedia), WordCell(row->at("zh_title").get<std::string>()),
                     WordCell(row->at("zh_url").get<std::string>()),
                     TextCell({row->at("status"), row->at("zh")}), source});
}

void AddStandards(const std::string& id, Section& to) {
  const Json& standards = Alignment().at("standards");
  bool any = false;
  for (const Json& row : standards.at("rows")) {
    if (row.at("concept") != id) continue;
    any = true;
    to.rows.push_back({WordCell(row.at("body").get<std::string>()),
                       WordCell(row.at("document").get<std::string>()),
                       WordCell(row.at("url").get<std::string>()),
                       TextCell({row.at("status"), row.at("zh")}),
                       WordCell(standards.at("source").get<std::string>())});
  }
  if (!any) AddMissing(to, {"standards body", "标准组织"}, standards);
}

void AddPapers(const std::string& id, Section& to) {
  const Json& papers = Alignment().at("papers");
  bool any = false;
  for (const Json& row : papers.at("rows")) {
    if (row.at("concept") != id) continue;
    any = true;
    to.rows.push_back(
        {TextCell({"paper", "论文"}),
         WordCell(row.at("title").get<std::string>() + ", " + row.at("venue").get<std::string>()),
         NoCell(), TextCell({row.at("status"), row.at("zh")}),
         WordCell(papers.at("source").get<std::string>())});
  }
  if (!any) AddMissing(to, {"paper", "论文"}, papers);
}

struct List {
  std::string_view key;
  Text label;
  std::string_view without;  // its list of concepts that it has nothing on; empty: it has none
};
const std::array<List, 3> kLists{
    {{"wikipedia", {"Wikipedia", "维基百科"}, ""},
     {"standards", {"standards bodies", "标准组织"}, "without_standard"},
     {"papers", {"papers", "论文"}, "without_paper"}}};

// What the documents say that they checked, which they say of all concepts at once; beside it
// whether the list has anything on this one.
Section Verified(const std::string& id) {
  Section section{.id = "agrees",
                  .title = {"What is claimed of all concepts at once", "文档对所有概念的统一声明"},
                  .columns = {{"with", {"with", "对象"}},
                              {"text", {"what", "内容"}},
                              {"here", {"of this one", "本概念"}}}};
  for (const List& list : kLists) {
    const Json& facts = Alignment().at(std::string(list.key));
    const Json without = facts.value(std::string(list.without), Json::array());
    const bool none = std::ranges::find(without, Json(id)) != without.end();
    const Text here = none ? Text{"nothing is listed", "未列出"} : Text{"listed above", "见上表"};
    for (const Json& each : facts.at("verified")) {
      section.rows.push_back(
          {TextCell(list.label), TextCell(LabelOf(each)), id.empty() ? NoCell() : TextCell(here)});
    }
    section.sources.push_back(facts.at("source"));
  }
  if (id.empty()) {
    section.columns.pop_back();
    for (auto& row : section.rows) row.pop_back();
  }
  return section;
}

struct Topic {
  std::string_view conflict;
  std::string_view concept_id;
};
// Ours: which of the conflicts between the documents are about a concept. Some are about none
// (dates, weights): all together are shown where no concept is asked for.
constexpr std::array kTopics{Topic{"isolation_order", "containerization"},
                             Topic{"isolation_order", "webassembly"},
                             Topic{"isolation_order", "sandboxing"},
                             Topic{"isolation_order", "virtualization"},
                             Topic{"wasm_startup_unit", "webassembly"},
                             Topic{"startup_container", "containerization"},
                             Topic{"startup_vm", "virtualization"},
                             Topic{"startup_sandbox", "sandboxing"},
                             Topic{"startup_wasm", "webassembly"},
                             Topic{"startup_mesh", "service_mesh"},
                             Topic{"memory", "virtualization"},
                             Topic{"memory", "containerization"},
                             Topic{"memory", "sandboxing"},
                             Topic{"memory", "webassembly"},
                             Topic{"memory", "service_mesh"},
                             Topic{"performance_loss", "containerization"},
                             Topic{"performance_loss", "sandboxing"},
                             Topic{"performance_loss", "webassembly"},
                             Topic{"density", "virtualization"},
                             Topic{"density", "containerization"},
                             Topic{"density", "sandboxing"},
                             Topic{"density", "webassembly"},
                             Topic{"density_ratio", "webassembly"},
                             Topic{"density_ratio", "containerization"},
                             Topic{"penetration_now", "webassembly"},
                             Topic{"forecast_2030", "virtualization"},
                             Topic{"forecast_2030", "containerization"},
                             Topic{"forecast_2030", "sandboxing"},
                             Topic{"forecast_2030", "webassembly"},
                             Topic{"breakthrough", "webassembly"},
                             Topic{"finance_advice", "virtualization"},
                             Topic{"finance_advice", "policy_engine"},
                             Topic{"launch_frequency", "webassembly"},
                             Topic{"zero_trust", "containerization"},
                             Topic{"zero_trust", "zero_trust"},
                             Topic{"wasm_security", "webassembly"},
                             Topic{"opa_latency", "policy_engine"},
                             Topic{"invest_now", "webassembly"},
                             Topic{"service_mesh_layer", "service_mesh"},
                             Topic{"dates_evolution", "service_mesh"},
                             Topic{"dates_evolution", "policy_engine"},
                             Topic{"inference_technology", "containerization"},
                             Topic{"inference_technology", "webassembly"}};

bool IsAbout(const Json& conflict, const std::string& concept_id) {
  return std::ranges::any_of(kTopics, [&](const Topic& topic) {
    return topic.concept_id == concept_id &&
           topic.conflict == conflict.at("id").get_ref<const std::string&>();
  });
}

// Those about the concept; of no concept all.
Section Conflicts(const std::string& id) {
  Section section{.id = "conflicts",
                  .title = {"Where the documents contradict each other", "文档之间的矛盾"},
                  .columns = {{"id", {"name", "标识"}},
                              {"topic", {"topic", "主题"}},
                              {"statement", {"statement", "陈述"}},
                              {"advice", {"advice", "建议"}}}};
  for (const Json& conflict : Facts(FactFile::kModels).at("cross_document_conflicts")) {
    if (!id.empty() && !IsAbout(conflict, id)) continue;
    const Json& chinese = conflict.at("statements_zh");
    for (std::size_t i = 0; i < chinese.size(); ++i) {
      section.rows.push_back({WordCell(conflict.at("id").get<std::string>()),
                              TextCell({conflict.at("topic"), conflict.at("zh")}),
                              TextCell({conflict.at("statements").at(i), chinese.at(i)}),
                              TextCell(TextOf(conflict, "advice"))});
    }
  }
  return section;
}

void AddConflicts(const std::string& id, Report& to) {
  Section section = Conflicts(id);
  if (!section.rows.empty()) to.sections.push_back(std::move(section));
}

// Of an architecture the documents have English addresses and no more.
Report AlignArchitecture(const Json& row) {
  const std::string id = row.at("id");
  const Json& architectures = Facts(FactFile::kConcepts).at("architecture_concepts");
  Section section = EmptyAlignment();
  for (const Json& url : row.at("urls")) {
    section.rows.push_back({TextCell(kEnglishWikipedia), NoCell(), WordCell(url.get<std::string>()),
                            NoCell(), WordCell(architectures.at("source").get<std::string>())});
  }
  AddMissing(section, kChineseWikipedia, architectures);
  AddStandards(id, section);
  AddPapers(id, section);
  Report report{.id = "align",
                .title = LabelOf(row),
                .sections = {std::move(section)},
                .notes = {kAddressesOnly}};
  AddConflicts(id, report);
  return report;
}

Report AlignConcept(const Json& facts) {
  const std::string id = facts.at("id");
  Section section = EmptyAlignment();
  AddWikipedia(id, section);
  AddStandards(id, section);
  AddPapers(id, section);
  Section definition{
      .id = "definition",
      .title = {"Definition", "定义"},
      .columns = {{"by", {"by", "来源"}}, {"text", {"text", "内容"}}},
      .rows = {{TextCell({"the document", "文档"}), TextCell(TextOf(facts, "definition"))},
               {TextCell({"Wikipedia", "维基百科"}),
                TextCell(TextOf(facts.at("wiki_definition"), "paraphrase"))}},
      .sources = {facts.at("source").get<std::string>()}};
  Report report{.id = "align",
                .title = LabelOf(facts),
                .sections = {std::move(definition), std::move(section), Verified(id)},
                .notes = {kNotVisited}};
  AddConflicts(id, report);
  return report;
}

Section Authorities() {
  const Json& authorities = Facts(FactFile::kConcepts).at("authorities");
  Section section{.id = "authorities",
                  .title = LabelOf(authorities),
                  .columns = {{"authority", {"authority", "权威"}}, {"role", {"for", "角色"}}},
                  .sources = {authorities.at("source").get<std::string>()}};
  for (const Json& row : authorities.at("rows")) {
    section.rows.push_back(
        {WordCell(row.at("label").get<std::string>()), TextCell({row.at("role"), row.at("zh")})});
  }
  return section;
}

// What the documents are for, and what their architectures are founded on.
Section Goals() {
  const Json& facts = Facts(FactFile::kConcepts);
  const Json& architecture = facts.at("architecture_concepts");
  Section section{
      .id = "goals",
      .title = {"Goals of the documents, and their basis", "文档的目标与理论基础"},
      .columns = {
          {"kind", {"kind", "类别"}}, {"what", {"what", "内容"}}, {"source", {"source", "出处"}}}};
  const auto add = [&section](const Json& of, const Text& kind, Text what) {
    section.rows.push_back(
        {TextCell(kind), TextCell(std::move(what)), WordCell(of.at("source").get<std::string>())});
  };
  for (const Json& each : facts.at("goals").at("goals")) {
    add(each, {"goal", "目标"}, LabelOf(each));
  }
  for (const Json& each : architecture.at("theory_basis")) {
    add(architecture, {"theory", "理论"}, LabelOf(each));
  }
  for (const Json& each : architecture.at("patterns")) {
    add(architecture, {"pattern", "模式"}, {each.get<std::string>(), ""});
  }
  return section;
}

// Concepts first, then the architectures that there are only addresses for.
Section WhatCanBeAligned() {
  Section section{.id = "concepts",
                  .title = {"What can be aligned", "可对齐的概念"},
                  .columns = {{"id", {"name", "标识"}}, {"label", {"label", "名称"}}}};
  const Json& facts = Facts(FactFile::kConcepts);
  for (const Json* list : {&facts.at("concepts"), &facts.at("architecture_concepts").at("rows")}) {
    for (const Json& each : *list) {
      section.rows.push_back({WordCell(each.at("id").get<std::string>()), TextCell(LabelOf(each))});
    }
  }
  return section;
}

Report AlignAll() {
  return {.id = "align",
          .title = {"Alignment", "对齐"},
          .sections = {Goals(), Authorities(), WhatCanBeAligned(), Verified(""), Conflicts("")},
          .notes = {kNotVisited}};
}

}  // namespace

Result<Report> Align(std::string_view name) {
  if (name.empty()) return AlignAll();
  const Json& facts = Facts(FactFile::kConcepts);
  Names names("concept", "strata align");
  names.AddAll(facts.at("concepts"));
  names.AddAll(facts.at("architecture_concepts").at("rows"));
  // A class stands for its concept, and a technology for that which it is one of.
  for (const Subject& each : ClassSubjects()) names.Add(each.concept_id, each.id);
  for (const Json& each : facts.at("concepts")) {
    for (const Json& technology : each.at("technologies")) {
      names.Add(each.at("id"), technology.at("name"));
    }
  }
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  if (const Json* row = FindFact(facts.at("concepts"), *id)) return AlignConcept(*row);
  return AlignArchitecture(*FindFact(facts.at("architecture_concepts").at("rows"), *id));
}

}  // namespace strata::advisor
