// A concept against what others say of it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/compare/compare.h"
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

const Text kMissing{"missing", "缺失"};

void AddMissing(Section& to, const Text& with, const Json& list) {
  to.rows.push_back({TextCell(with), NoCell(), NoCell(), TextCell(kMissing),
                     WordCell(list.at("source").get<std::string>())});
}

void AddWikipedia(const std::string& id, Section& to) {
  const Json& wikipedia = Alignment().at("wikipedia");
  const Json* row = FindFact(wikipedia.at("rows"), id, "concept");
  const Cell source = WordCell(wikipedia.at("source").get<std::string>());
  to.rows.push_back({TextCell({"Wikipedia (en)", "维基百科（英文）"}),
                     WordCell(row->at("en_title").get<std::string>()),
                     WordCell(row->at("en_url").get<std::string>()),
                     TextCell({row->at("status"), row->at("zh")}), source});
  if (row->at("zh_title").is_null()) {
    AddMissing(to, {"Wikipedia (zh)", "维基百科（中文）"}, wikipedia);
    to.notes.push_back({wikipedia.at("note").get<std::string>(), ""});
    return;
  }
  to.rows.push_back({TextCell({"Wikipedia (zh)", "维基百科（中文）"}),
                     WordCell(row->at("zh_title").get<std::string>()),
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

// What the documents say that they checked, of all concepts at once.
Section Verified() {
  Section section{.id = "agrees",
                  .title = {"What is said to agree", "文档声称一致之处"},
                  .columns = {{"with", {"with", "对象"}}, {"text", {"what", "内容"}}}};
  for (const char* list : {"wikipedia", "standards", "papers"}) {
    for (const Json& each : Alignment().at(list).at("verified")) {
      section.rows.push_back(
          {TextCell({list, Alignment().at(list).at("zh")}), TextCell(LabelOf(each))});
    }
    section.sources.push_back(Alignment().at(list).at("source"));
  }
  return section;
}

struct Topic {
  std::string_view conflict;
  std::string_view concept_id;
};
// Which of the conflicts between the documents are about a concept; those about forecasts and
// weights are about none.
constexpr std::array<Topic, 26> kTopics{{{"isolation_order", "containerization"},
                                         {"isolation_order", "webassembly"},
                                         {"isolation_order", "sandboxing"},
                                         {"isolation_order", "virtualization"},
                                         {"wasm_startup_unit", "webassembly"},
                                         {"startup_container", "containerization"},
                                         {"startup_vm", "virtualization"},
                                         {"startup_sandbox", "sandboxing"},
                                         {"startup_wasm", "webassembly"},
                                         {"startup_mesh", "service_mesh"},
                                         {"memory", "virtualization"},
                                         {"memory", "containerization"},
                                         {"memory", "sandboxing"},
                                         {"memory", "webassembly"},
                                         {"memory", "service_mesh"},
                                         {"performance_loss", "containerization"},
                                         {"performance_loss", "sandboxing"},
                                         {"performance_loss", "webassembly"},
                                         {"density_ratio", "webassembly"},
                                         {"density_ratio", "containerization"},
                                         {"zero_trust", "containerization"},
                                         {"wasm_security", "webassembly"},
                                         {"opa_latency", "policy_engine"},
                                         {"service_mesh_layer", "service_mesh"},
                                         {"dates_evolution", "service_mesh"},
                                         {"dates_evolution", "policy_engine"}}};

Section Conflicts(const std::string& id) {
  Section section{.id = "conflicts",
                  .title = {"Where the documents contradict each other", "文档之间的矛盾"},
                  .columns = {{"topic", {"topic", "主题"}},
                              {"statement", {"statement", "陈述"}},
                              {"advice", {"advice", "建议"}}}};
  for (const Json& conflict : Facts(FactFile::kModels).at("cross_document_conflicts")) {
    const bool about = std::ranges::any_of(kTopics, [&](const Topic& topic) {
      return topic.concept_id == id && topic.conflict == conflict.at("id").get<std::string>();
    });
    if (!about) continue;
    for (const Json& statement : conflict.at("statements")) {
      section.rows.push_back({TextCell({conflict.at("topic"), conflict.at("zh")}),
                              WordCell(statement.get<std::string>()),
                              WordCell(conflict.value("advice", ""))});
    }
  }
  return section;
}

Report AlignArchitecture(const Json& row) {
  Section section{
      .id = "alignment",
      .title = {"Alignment", "对齐"},
      .columns = {{"with", {"with", "对象"}}, {"url", {"address", "网址"}}},
      .sources = {
          Facts(FactFile::kConcepts).at("architecture_concepts").at("source").get<std::string>()}};
  for (const Json& url : row.at("urls")) {
    section.rows.push_back(
        {TextCell({"Wikipedia (en)", "维基百科（英文）"}), WordCell(url.get<std::string>())});
  }
  return {.id = "align", .title = LabelOf(row), .sections = {std::move(section)}};
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
                WordCell(facts.at("wiki_definition").at("paraphrase").get<std::string>())}},
      .sources = {facts.at("source").get<std::string>()}};
  Report report{.id = "align",
                .title = LabelOf(facts),
                .sections = {std::move(definition), std::move(section), Verified()}};
  Section conflicts = Conflicts(id);
  if (!conflicts.rows.empty()) report.sections.push_back(std::move(conflicts));
  report.notes.push_back({"\"aligned\" is the documents' own word; no address was visited.",
                          "“已对齐”为文档自述；未访问任何网址。"});
  return report;
}

}  // namespace

Result<Report> Align(std::string_view name) {
  const Json& facts = Facts(FactFile::kConcepts);
  Names names("concept");
  names.AddAll(facts.at("concepts"));
  names.AddAll(facts.at("architecture_concepts").at("rows"));
  const auto id = names.Find(name);
  if (!id) return std::unexpected(id.error());
  if (const Json* row = FindFact(facts.at("concepts"), *id)) return AlignConcept(*row);
  return AlignArchitecture(*FindFact(facts.at("architecture_concepts").at("rows"), *id));
}

}  // namespace strata::advisor
